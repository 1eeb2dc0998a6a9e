package dev.lamina.report;

import dev.lamina.model.ClassScores;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Evaluation.Average;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * A run as one HTML file that needs nothing else: curves, results, mistakes, augmented images,
 * configuration, network and environment. It needs the optional library {@code
 * org.webjars.npm:uplot}.
 *
 * <pre>{@code
 * RunReport.of("first run", HistoryCsv.read(run.resolve("history.csv")))
 *     .steps(run.resolve("log.jsonl"))
 *     .summary(model.summary())
 *     .evaluation(test)
 *     .pictures(run.resolve("plots"))
 *     .write(run.resolve("report.html"));
 * }</pre>
 *
 * @param title the heading
 * @param history the columns of {@link HistoryCsv#read}
 * @param steps the file of {@link dev.lamina.train.JsonLines} with events of steps, if any, for
 *     curves by step; one that is missing is left out
 * @param imagesPerEpoch the number of training images, for the throughput; 0 leaves it out
 * @param epoch the epoch whose loss and accuracy are shown above the curves; the last one if empty
 * @param evaluation the evaluation of the test images, if any
 * @param pictures the folder of {@code samples.png} and the files of {@link EvaluationPictures}, if
 *     any; files that are missing are left out
 * @param configuration the options of the run by name; none by default
 * @param environment versions and machine by name; none by default
 * @param summary the table of the network's layers; empty by default
 */
public record RunReport(
    String title,
    Map<String, List<Double>> history,
    Optional<Path> steps,
    long imagesPerEpoch,
    OptionalInt epoch,
    Optional<Evaluation> evaluation,
    Optional<Path> pictures,
    Map<String, String> configuration,
    Map<String, String> environment,
    String summary) {
  /** Copies the maps. */
  public RunReport {
    history = Collections.unmodifiableMap(new LinkedHashMap<>(history));
    configuration = Collections.unmodifiableMap(new LinkedHashMap<>(configuration));
    environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
  }

  /** Returns a report of the curves alone. */
  public static RunReport of(String title, Map<String, List<Double>> history) {
    return new Values(title, history).report();
  }

  /** Returns this report with curves by step. */
  public RunReport steps(Path log) {
    return with(values -> values.steps = Optional.of(log));
  }

  /** Returns this report with the throughput: an epoch's images by its seconds. */
  public RunReport imagesPerEpoch(long images) {
    return with(values -> values.imagesPerEpoch = images);
  }

  /** Returns this report with the loss and the accuracy of an epoch: the one that was evaluated. */
  public RunReport epoch(int number) {
    return with(values -> values.epoch = OptionalInt.of(number));
  }

  /** Returns this report with the results of the test images. */
  public RunReport evaluation(Evaluation test) {
    return with(values -> values.evaluation = Optional.of(test));
  }

  /** Returns this report with the pictures of a folder. */
  public RunReport pictures(Path folder) {
    return with(values -> values.pictures = Optional.of(folder));
  }

  /** Returns this report with the options of the run. */
  public RunReport configuration(Map<String, String> options) {
    return with(values -> values.configuration = options);
  }

  /** Returns this report with versions and machine. */
  public RunReport environment(Map<String, String> versions) {
    return with(values -> values.environment = versions);
  }

  /** Returns this report with the table of the network's layers. */
  public RunReport summary(String table) {
    return with(values -> values.summary = table);
  }

  /**
   * Writes the file. An existing one is replaced atomically.
   *
   * @throws dev.lamina.io.LaminaException if uPlot is missing, or the file cannot be written
   */
  public void write(Path file) {
    Curves curves = new Curves(history);
    List<Chart> charts = new ArrayList<>(curves.ofRun());
    curves.throughput(imagesPerEpoch).ifPresent(charts::add);
    steps.ifPresent(log -> charts.addAll(StepLog.charts(log)));
    Page.write(
        file,
        title,
        Html.values(results())
            + Html.section("Curves", Page.charts(charts))
            + "<div class=\"pairs\">\n"
            + evaluation.map(RunReport::classes).orElse("")
            + picture("Confusion matrix", EvaluationPictures.CONFUSION)
            + picture("Calibration", EvaluationPictures.RELIABILITY)
            + picture("Mistakes", EvaluationPictures.MISTAKES)
            + picture("Augmented images", "samples.png")
            + "</div>\n"
            + Html.section("Configuration", Html.values(configuration))
            + Html.section("Network", summary.isEmpty() ? "" : pre(summary))
            + Html.section("Environment", Html.values(environment)),
        charts);
  }

  private static String pre(String text) {
    return "<pre class=\"scroll\" tabindex=\"0\">" + Html.escape(text) + "</pre>";
  }

  /** Returns the figures that are looked for first. */
  private Map<String, String> results() {
    Map<String, String> results = new LinkedHashMap<>();
    evaluation.ifPresent(test -> results.put("test accuracy", decimals(test.accuracy())));
    evaluation.ifPresent(test -> results.put("test loss", decimals(test.loss())));
    evaluation.ifPresent(
        test ->
            test.metrics()
                .forEach((name, value) -> results.put(name.replace('_', ' '), decimals(value))));
    evaluation.ifPresent(
        test -> results.put("calibration error", decimals(test.calibration().expectedError())));
    Curves curves = new Curves(history);
    int epochs = history.getOrDefault("epoch", List.of()).size();
    int shown = epoch.orElse(epochs);
    curves
        .at("val_accuracy", shown)
        .ifPresent(v -> results.put("validation accuracy", decimals(v)));
    curves.at("loss", shown).ifPresent(v -> results.put("training loss", decimals(v)));
    if (epochs > 0) {
      results.put("epoch", shown + "/" + epochs);
    }
    curves.time().ifPresent(time -> results.put("time", time));
    return results;
  }

  private String picture(String heading, String name) {
    return pictures
        .map(folder -> Html.section(heading, Html.picture(folder.resolve(name), heading)))
        .orElse("");
  }

  private static String classes(Evaluation test) {
    List<List<String>> rows = new ArrayList<>();
    IntStream.range(0, test.classNames().size())
        .forEach(i -> rows.add(row(test.classNames().get(i), test.scores(i))));
    rows.add(row("macro average", test.average(Average.MACRO)));
    rows.add(row("micro average", test.average(Average.MICRO)));
    rows.add(row("weighted average", test.average(Average.WEIGHTED)));
    return Html.section(
        "Classes", Html.table(List.of("class", "images", "precision", "recall", "F1"), rows));
  }

  private static List<String> row(String name, ClassScores scores) {
    return List.of(
        name,
        Long.toString(scores.support()),
        decimals(scores.precision()),
        decimals(scores.recall()),
        decimals(scores.f1()));
  }

  static String decimals(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.4f", value);
  }

  private RunReport with(Consumer<Values> change) {
    Values values = new Values(this);
    change.accept(values);
    return values.report();
  }

  /** The components, to be changed by name. */
  private static final class Values {
    String title;
    Map<String, List<Double>> history;
    Optional<Path> steps = Optional.empty();
    long imagesPerEpoch;
    OptionalInt epoch = OptionalInt.empty();
    Optional<Evaluation> evaluation = Optional.empty();
    Optional<Path> pictures = Optional.empty();
    Map<String, String> configuration = Map.of();
    Map<String, String> environment = Map.of();
    String summary = "";

    Values(String title, Map<String, List<Double>> history) {
      this.title = title;
      this.history = history;
    }

    Values(RunReport report) {
      title = report.title;
      history = report.history;
      steps = report.steps;
      imagesPerEpoch = report.imagesPerEpoch;
      epoch = report.epoch;
      evaluation = report.evaluation;
      pictures = report.pictures;
      configuration = report.configuration;
      environment = report.environment;
      summary = report.summary;
    }

    RunReport report() {
      return new RunReport(
          title,
          history,
          steps,
          imagesPerEpoch,
          epoch,
          evaluation,
          pictures,
          configuration,
          environment,
          summary);
    }
  }
}
