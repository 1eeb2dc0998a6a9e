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
 * @param lines the lines by name, each the values by epoch; those that are not finite are gaps
 */
record Chart(String title, Map<String, Map<Integer, Double>> lines) {
  /** Adds the chart to an array as {@code report.js} reads it. */
  void addTo(ArrayNode charts) {
    ObjectNode json = charts.addObject().put("title", title);
    SortedSet<Integer> epochs = new TreeSet<>();
    lines.values().forEach(line -> epochs.addAll(line.keySet()));
    ArrayNode data = json.putArray("data");
    epochs.forEach(data.addArray()::add);
    List<String> names = List.copyOf(lines.keySet());
    names.forEach(json.withArray("names")::add);
    for (Map<Integer, Double> line : lines.values()) {
      ArrayNode values = data.addArray();
      for (int epoch : epochs) {
        double value = line.getOrDefault(epoch, Double.NaN);
        if (Double.isFinite(value)) {
          values.add(value);
        } else {
          values.addNull();
        }
      }
    }
  }
}
