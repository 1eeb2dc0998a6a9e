package dev.lamina.report;

import dev.lamina.io.ProgressText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The curves of a run.
 *
 * @param history the columns of {@link HistoryCsv#read}
 */
record Curves(Map<String, List<Double>> history) {
  /** Returns the charts of one run. */
  List<Chart> ofRun() {
    List<Chart> charts = new ArrayList<>();
    chart("Loss", "loss").ifPresent(charts::add);
    chart("Accuracy", "accuracy").ifPresent(charts::add);
    single("Learning rate", "learning_rate").ifPresent(charts::add);
    single("Momentum", "momentum").ifPresent(charts::add);
    return charts;
  }

  private Optional<Chart> chart(String title, String column) {
    Map<String, Map<Integer, Double>> lines = new LinkedHashMap<>();
    add(lines, "training", column);
    add(lines, "validation", "val_" + column);
    add(lines, "test", "test_" + column);
    return lines.isEmpty() ? Optional.empty() : Optional.of(Chart.byEpoch(title, lines));
  }

  private Optional<Chart> single(String title, String column) {
    return line(column).map(line -> Chart.byEpoch(title, Map.of(title, line)));
  }

  /** Returns the chart of images per second, if their number is known. */
  Optional<Chart> throughput(long imagesPerEpoch) {
    return imagesPerEpoch == 0
        ? Optional.empty()
        : line("seconds")
            .map(
                seconds -> {
                  Map<Integer, Double> line = new LinkedHashMap<>();
                  seconds.forEach((epoch, value) -> line.put(epoch, imagesPerEpoch / value));
                  return Chart.byEpoch(
                      "Images per second, with the validation", Map.of("images/s", line));
                });
  }

  private void add(Map<String, Map<Integer, Double>> lines, String name, String column) {
    line(column).ifPresent(line -> lines.put(name, line));
  }

  /** Returns a column by epoch; empty if it has no values. */
  Optional<Map<Integer, Double>> line(String column) {
    List<Double> epochs = history.getOrDefault("epoch", List.of());
    List<Double> values = history.getOrDefault(column, List.of());
    Map<Integer, Double> line = new LinkedHashMap<>();
    for (int i = 0; i < values.size(); i++) {
      if (Double.isFinite(values.get(i))) {
        line.put((int) Math.round(epochs.get(i)), values.get(i));
      }
    }
    return line.isEmpty() ? Optional.empty() : Optional.of(line);
  }

  /** Returns the value of an epoch, if there is one. */
  Optional<Double> at(String column, int epoch) {
    return line(column).map(line -> line.get(epoch));
  }

  /** Returns the duration of all epochs, as hours, minutes and seconds. */
  Optional<String> time() {
    return line("seconds")
        .map(
            line ->
                ProgressText.duration(
                    Math.round(line.values().stream().mapToDouble(seconds -> seconds).sum())));
  }
}
