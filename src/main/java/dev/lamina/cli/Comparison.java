package dev.lamina.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lamina.format.WeightsFile;
import dev.lamina.io.DisplayWidth;
import dev.lamina.io.ProgressText;
import dev.lamina.report.HistoryCsv;
import dev.lamina.report.RunComparison;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Runs beside each other: the epoch whose weights each run kept, its loss and its accuracies, and
 * the options in which they differ.
 *
 * @param runs the runs, in order
 */
record Comparison(List<Run> runs) {
  /** The least width of the column of names. */
  private static final int NAME = 23;

  private static final String ROW = "%7s%8s%8s%8s%9s";

  /** Below this width, or with a longer name, a run has a line for its name. */
  private static final int WIDE = 76;

  /**
   * A run. A number is NaN if the run does not have it, or not yet.
   *
   * @param path the folder
   * @param config its configuration
   * @param history its history
   * @param epoch the epoch whose weights it has kept; the last one if there are none yet
   * @param testAccuracy that of the weights it kept
   */
  record Run(
      Path path,
      RunConfig config,
      Map<String, List<Double>> history,
      int epoch,
      double testAccuracy) {
    static Run read(Path path) {
      RunConfig config = RunConfig.read(path);
      Path file = RunConfig.history(path);
      Map<String, List<Double>> history = Files.exists(file) ? HistoryCsv.read(file) : Map.of();
      Path weights = RunConfig.weights(path);
      // Layers of the model need not be known.
      Map<String, String> kept = Files.exists(weights) ? WeightsFile.metadata(weights) : Map.of();
      int last = history.getOrDefault("epoch", List.of()).size();
      return new Run(
          path,
          config,
          history,
          Integer.parseInt(kept.getOrDefault("epoch", Integer.toString(last))),
          Double.parseDouble(kept.getOrDefault("test_accuracy", "NaN")));
    }

    /** Returns the value of the epoch whose weights were kept. */
    double kept(String column) {
      int row = history.getOrDefault("epoch", List.of()).indexOf((double) epoch);
      List<Double> values = history.getOrDefault(column, List.of());
      return row < 0 || values.isEmpty() ? Double.NaN : values.get(row);
    }

    Map<String, String> options() {
      return config.choices();
    }

    String option(String name) {
      return options().getOrDefault(name, "-");
    }

    /** Returns the epoch whose weights were kept, and how many there were. */
    String epochOfAll() {
      return "%s/%s".formatted(epoch, epochs());
    }

    int epochs() {
      return history.getOrDefault("epoch", List.of()).size();
    }

    double seconds() {
      return history.getOrDefault("seconds", List.of()).stream().mapToDouble(s -> s).sum();
    }

    /** Returns the accuracy by which runs are chosen: on validation images if there are some. */
    double accuracy() {
      double validation = kept("val_accuracy");
      return Double.isNaN(validation) ? testAccuracy : validation;
    }
  }

  /** Reads the folders of runs. */
  static Comparison of(List<Path> runs) {
    return new Comparison(runs.stream().map(Run::read).toList());
  }

  /** Returns the runs by accuracy, the best first; those without any come last. */
  Comparison byAccuracy() {
    return new Comparison(
        runs.stream()
            .sorted(
                Comparator.comparingDouble(
                    run -> Double.isNaN(run.accuracy()) ? 1 : -run.accuracy()))
            .toList());
  }

  /** Returns the options of a run that are not the same in all of them. */
  Map<String, String> differences(Run run) {
    Set<String> names = new LinkedHashSet<>();
    runs.forEach(one -> names.addAll(one.options().keySet()));
    // It has a place of its own.
    names.remove("network");
    Map<String, String> differences = new LinkedHashMap<>();
    for (String name : names) {
      String value = run.option(name);
      if (runs.stream().anyMatch(one -> !one.option(name).equals(value))) {
        differences.put(name, value);
      }
    }
    return differences;
  }

  /** Returns the table as text. */
  String text(int columns) {
    String header = String.format(Locale.ROOT, ROW, "epoch", "loss", "val acc", "test", "time");
    int longest = runs.stream().mapToInt(run -> DisplayWidth.of(name(run))).max().orElse(0);
    int width = Math.max(NAME, longest);
    boolean wide = columns >= Math.max(WIDE, width + 1 + header.length());
    StringBuilder text = new StringBuilder();
    text.append(wide ? DisplayWidth.fit("run", width) + " " : "").append(header).append('\n');
    for (Run run : runs) {
      String numbers =
          String.format(
              Locale.ROOT,
              ROW,
              run.epochOfAll(),
              decimals(run.kept("loss")),
              decimals(run.kept("val_accuracy")),
              decimals(run.testAccuracy()),
              ProgressText.duration(Math.round(run.seconds())));
      String name = name(run);
      text.append(wide ? DisplayWidth.fit(name, width) + " " : name + "\n")
          .append(numbers)
          .append('\n');
      text.append("  ").append(run.config().describeNetwork()).append('\n');
      differences(run)
          .forEach((option, value) -> text.append("  %s %s\n".formatted(option, value)));
    }
    return text.toString();
  }

  /** Returns the runs as JSON; what a run does not have is null. */
  ObjectNode json() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    ArrayNode array = json.putArray("runs");
    for (Run run : runs) {
      ObjectNode object = array.addObject();
      object.put("run", run.path().toString());
      object.put("network", run.config().describeNetwork());
      object.put("epochs", run.epochs());
      object.put("epoch", run.epoch());
      EvaluationJson.put(object, "loss", run.kept("loss"));
      EvaluationJson.put(object, "validation_accuracy", run.kept("val_accuracy"));
      EvaluationJson.put(object, "test_accuracy", run.testAccuracy());
      object.put("seconds", run.seconds());
      ObjectNode differences = object.putObject("differences");
      differences(run).forEach(differences::put);
    }
    return json;
  }

  /** Writes the table and the curves as an HTML file. */
  void write(Path file) {
    List<RunComparison.Run> rows = new ArrayList<>();
    for (Run run : runs) {
      Map<String, String> cells = new LinkedHashMap<>();
      cells.put("validation accuracy", decimals(run.kept("val_accuracy")));
      cells.put("test accuracy", decimals(run.testAccuracy()));
      cells.put("training loss", decimals(run.kept("loss")));
      cells.put("epoch", run.epochOfAll());
      cells.put("time", ProgressText.duration(Math.round(run.seconds())));
      cells.put("network", run.config().describeNetwork());
      cells.putAll(differences(run));
      rows.add(new RunComparison.Run(name(run), cells, run.history()));
    }
    new RunComparison(rows).write(file);
  }

  /** Returns the name of the folder; the whole path if several runs have that name. */
  private String name(Run run) {
    String name = String.valueOf(run.path().toAbsolutePath().normalize().getFileName());
    long same =
        runs.stream()
            .filter(
                one ->
                    String.valueOf(one.path().toAbsolutePath().normalize().getFileName())
                        .equals(name))
            .count();
    return same == 1 ? name : run.path().toString();
  }

  /** Returns a number in a table; "-" if there is none. */
  static String decimals(double value) {
    return Double.isNaN(value) ? "-" : Training.decimals(value);
  }
}
