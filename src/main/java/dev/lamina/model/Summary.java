package dev.lamina.model;

import dev.lamina.graph.Parameter;
import dev.lamina.layer.Layers;
import dev.lamina.layer.Layers.Leaf;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The table of a network's layers. */
final class Summary {
  private static final String ROW = "%-24s %-18s %-16s %14s %16s%n";

  private Summary() {}

  static String of(Network network) {
    List<Leaf> leaves = Layers.leaves(network.body(), network.inputShape());
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            "%s for images of %d x %d x %d%n",
            network.name(), network.height(), network.width(), network.channels()));
    text.append(
        String.format(Locale.ROOT, ROW, "layer", "kind", "output", "parameters", "multiply-adds"));
    long trainable = 0;
    long statistics = 0;
    for (Leaf leaf : leaves) {
      long own = 0;
      for (Parameter parameter : leaf.parameters()) {
        if (parameter.role().trainable()) {
          own += parameter.size();
        } else {
          statistics += parameter.size();
        }
      }
      trainable += own;
      text.append(
          String.format(
              Locale.ROOT,
              ROW,
              leaf.path(),
              leaf.layer().kind(),
              Arrays.toString(leaf.output().asArray()),
              number(own),
              number(leaf.multiplyAdds())));
    }
    text.append(
        String.format(
            "%s parameters, %s running statistics, %s multiply-adds an image%n",
            number(trainable), number(statistics), number(network.multiplyAdds())));
    return text.toString();
  }

  private static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }
}
