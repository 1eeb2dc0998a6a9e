package dev.lamina.network;

import dev.lamina.graph.Parameter;
import dev.lamina.graph.Role;
import dev.lamina.layer.Layers;
import dev.lamina.layer.Layers.LayerNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Formats the table of a network's layers. */
final class Summary {
  private Summary() {}

  /** Returns the table; of two lines for each layer if one is too long. */
  static String of(Network network, int columns) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("layer", "kind", "output", "parameters", "MACs"));
    for (LayerNode node : Layers.nodes(network.body(), network.inputShape())) {
      rows.add(
          List.of(
              node.path(),
              node.layer().kind(),
              Arrays.toString(node.output().asArray()),
              number(Parameter.size(node.parameters(), Role::trainable)),
              number(node.macs())));
    }
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%s for images of %s x %s x %s%n",
            network.name(),
            network.height(),
            network.width(),
            network.channels()));
    String format = format(rows, columns);
    rows.forEach(row -> text.append(String.format(Locale.ROOT, format, row.toArray())));
    text.append(
        String.format(
            Locale.ROOT,
            "%s parameters, %s running statistics, %s MACs per image%n",
            number(Parameter.size(network.parameters().values(), Role::trainable)),
            number(Parameter.size(network.parameters().values(), Role.STATISTIC::equals)),
            number(network.macs())));
    return text.toString();
  }

  /** Returns the format of a row. */
  private static String format(List<List<String>> rows, int columns) {
    int[] widths = new int[rows.get(0).size()];
    rows.forEach(row -> Arrays.setAll(widths, i -> Math.max(widths[i], row.get(i).length())));
    String name = "%-" + widths[0] + "s";
    String kind = "%-" + widths[1] + "s";
    String shape = "%-" + widths[2] + "s";
    String numbers = " %" + widths[3] + "s %" + widths[4] + "s%n";
    return Arrays.stream(widths).sum() + widths.length - 1 <= columns
        ? name + " " + kind + " " + shape + numbers
        : "%s %s%n  " + shape + numbers;
  }

  private static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }
}
