package dev.lamina.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A chart of a page.
 *
 * @param title what it shows
 * @param x what the values are by: epoch or step
 * @param lines the lines by name, each the values by x; those that are not finite are gaps
 */
record Chart(String title, String x, Map<String, Map<Integer, Double>> lines) {
  /** Returns a chart by epoch. */
  static Chart byEpoch(String title, Map<String, Map<Integer, Double>> lines) {
    return new Chart(title, "epoch", lines);
  }

  /** Adds the chart to an array as {@code report.js} reads it. */
  void addTo(ArrayNode charts) {
    ObjectNode json = charts.addObject().put("title", title).put("x", x);
    SortedSet<Integer> positions = new TreeSet<>();
    lines.values().forEach(line -> positions.addAll(line.keySet()));
    ArrayNode data = json.putArray("data");
    positions.forEach(data.addArray()::add);
    List<String> names = List.copyOf(lines.keySet());
    names.forEach(json.withArray("names")::add);
    for (Map<Integer, Double> line : lines.values()) {
      ArrayNode values = data.addArray();
      for (int position : positions) {
        double value = line.getOrDefault(position, Double.NaN);
        if (Double.isFinite(value)) {
          values.add(value);
        } else {
          values.addNull();
        }
      }
    }
  }
}
