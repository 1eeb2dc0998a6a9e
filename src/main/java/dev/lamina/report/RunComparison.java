package dev.lamina.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Several runs as one HTML file that needs nothing else: a table, and the curves of all of them in
 * the same charts. It needs the optional library {@code org.webjars.npm:uplot}.
 *
 * @param runs the runs, in the order of the table
 */
public record RunComparison(List<Run> runs) {
  /** The columns of the history that are compared, by the title of the chart. */
  private static final Map<String, String> CHARTS = charts();

  /**
   * A run.
   *
   * @param name its name, different from those of the others
   * @param cells what the table says of it, by the heading of the column; the same for all runs
   * @param history the columns of {@link HistoryCsv#read}
   */
  public record Run(String name, Map<String, String> cells, Map<String, List<Double>> history) {
    /** Copies the maps. */
    public Run {
      cells = Collections.unmodifiableMap(new LinkedHashMap<>(cells));
      history = Collections.unmodifiableMap(new LinkedHashMap<>(history));
    }
  }

  /** Copies the list. */
  public RunComparison {
    runs = List.copyOf(runs);
  }

  private static Map<String, String> charts() {
    Map<String, String> charts = new LinkedHashMap<>();
    charts.put("Training loss", "loss");
    charts.put("Training accuracy", "accuracy");
    charts.put("Validation loss", "val_loss");
    charts.put("Validation accuracy", "val_accuracy");
    charts.put("Test accuracy", "test_accuracy");
    charts.put("Learning rate", "learning_rate");
    return charts;
  }

  /**
   * Writes the file. An existing one is replaced atomically.
   *
   * @throws dev.lamina.io.LaminaException if uPlot is missing, or the file cannot be written
   */
  public void write(Path file) {
    List<Chart> charts = new ArrayList<>();
    CHARTS.forEach(
        (title, column) -> {
          Map<String, Map<Integer, Double>> lines = new LinkedHashMap<>();
          runs.forEach(
              run ->
                  new Curves(run.history())
                      .line(column)
                      .ifPresent(line -> lines.put(run.name(), line)));
          if (!lines.isEmpty()) {
            charts.add(Chart.byEpoch(title, lines));
          }
        });
    Page.write(
        file,
        "Comparison of %s runs".formatted(runs.size()),
        Html.section("Results", table()) + Html.section("Curves", Page.charts(charts)),
        charts);
  }

  private String table() {
    List<String> header = new ArrayList<>(List.of("run"));
    header.addAll(runs.get(0).cells().keySet());
    List<List<String>> rows = new ArrayList<>();
    for (Run run : runs) {
      List<String> row = new ArrayList<>(List.of(run.name()));
      row.addAll(run.cells().values());
      rows.add(row);
    }
    return Html.table(header, rows);
  }
}
