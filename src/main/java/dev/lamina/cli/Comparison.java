package dev.lamina.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lamina.format.WeightsFile;
import dev.lamina.io.DisplayWidth;
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
 * Runs beside each other: loss and accuracies of the last epoch, the test accuracy of the weights
 * that the run kept, and the options in which they differ.
 *
 * @param runs the runs, in order
 */
record Comparison(List<Run> runs) {
  private static final int NAME = 24;

  /** Below this width a run has a line for its name. */
  private static final int WIDE = 76;

  /**
   * A run. A number is NaN if the run does not have it, or not yet.
   *
   * @param path the folder
   * @param config its configuration
   * @param history its history
   * @param testAccuracy that of the weights it kept
   */
  record Run(Path path, RunConfig config, Map<String, List<Double>> history, double testAccuracy) {
    static Run read(Path path) {
      RunConfig config = RunConfig.read(path);
      Path history = RunConfig.history(path);
      Path weights = RunConfig.weights(path);
      String accuracy =
          Files.exists(weights) ? WeightsFile.read(weights).metadata().get("test_accuracy") : null;
      return new Run(
          path,
          config,
          Files.exists(history) ? HistoryCsv.read(history) : Map.of(),
          accuracy == null ? Double.NaN : Double.parseDouble(accuracy));
    }

    /** Returns the value of the last epoch. */
    double last(String column) {
      List<Double> values = history.getOrDefault(column, List.of());
      return values.isEmpty() ? Double.NaN : values.get(values.size() - 1);
    }

    Map<String, String> options() {
      return config.choices();
    }

    String option(String name) {
      return options().getOrDefault(name, "-");
    }

    int epochs() {
      return history.getOrDefault("epoch", List.of()).size();
    }

    double seconds() {
      return history.getOrDefault("seconds", List.of()).stream().mapToDouble(s -> s).sum();
    }

    /** Returns the accuracy by which runs are chosen: on validation images if there are some. */
    double accuracy() {
      double validation = last("val_accuracy");
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
    boolean wide = columns >= WIDE;
    StringBuilder text = new StringBuilder();
    String header =
        String.format(Locale.ROOT, "%6s%8s%8s%8s%10s", "epochs", "loss", "val acc", "test", "time");
    text.append(wide ? DisplayWidth.fit("run", NAME) : "").append(header).append('\n');
    for (Run run : runs) {
      String numbers =
          String.format(
              Locale.ROOT,
              "%6s%8s%8s%8s%10s",
              run.epochs(),
              decimals(run.last("loss")),
              decimals(run.last("val_accuracy")),
              decimals(run.testAccuracy()),
              time(run.seconds()));
      String name = name(run);
      text.append(wide ? DisplayWidth.fit(name, NAME) : name + "\n").append(numbers).append('\n');
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
      EvaluationJson.put(object, "loss", run.last("loss"));
      EvaluationJson.put(object, "validation_accuracy", run.last("val_accuracy"));
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
      cells.put("network", run.config().describeNetwork());
      cells.put("epochs", Integer.toString(run.epochs()));
      cells.put("training loss", decimals(run.last("loss")));
      cells.put("validation accuracy", decimals(run.last("val_accuracy")));
      cells.put("test accuracy", decimals(run.testAccuracy()));
      cells.put("time", time(run.seconds()));
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

  private static String decimals(double value) {
    return Double.isNaN(value) ? "-" : Training.decimals(value);
  }

  private static String time(double seconds) {
    long whole = Math.round(seconds);
    return String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  }
}
