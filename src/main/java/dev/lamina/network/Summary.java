package dev.lamina.network;

import dev.lamina.graph.Parameter;
import dev.lamina.layer.Layers;
import dev.lamina.layer.Layers.LayerNode;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Formats the table of a network's layers. */
final class Summary {
  private static final String ROW = "%-24s %-18s %-16s %14s %16s%n";

  private Summary() {}

  static String of(Network network) {
    List<LayerNode> nodes = Layers.nodes(network.body(), network.inputShape());
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%s for images of %s x %s x %s%n",
            network.name(),
            network.height(),
            network.width(),
            network.channels()));
    text.append(String.format(Locale.ROOT, ROW, "layer", "kind", "output", "parameters", "MACs"));
    for (LayerNode node : nodes) {
      text.append(
          String.format(
              Locale.ROOT,
              ROW,
              node.path(),
              node.layer().kind(),
              Arrays.toString(node.output().asArray()),
              number(Parameter.size(node.parameters(), true)),
              number(node.macs())));
    }
    text.append(
        String.format(
            Locale.ROOT,
            "%s parameters, %s running statistics, %s MACs per image%n",
            number(Parameter.size(network.parameters().values(), true)),
            number(Parameter.size(network.parameters().values(), false)),
            number(network.macs())));
    return text.toString();
  }

  private static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }
}
