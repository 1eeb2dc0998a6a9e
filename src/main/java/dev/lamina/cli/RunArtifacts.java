package dev.lamina.cli;

import dev.lamina.data.ImageData;
import dev.lamina.io.Messages;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Model;
import dev.lamina.report.HistoryCsv;
import dev.lamina.report.Plots;
import dev.lamina.report.Samples;
import dev.lamina.step.Metrics;
import dev.lamina.train.Callback;
import dev.lamina.train.CallbackState;
import dev.lamina.train.Epoch;
import dev.lamina.train.History;
import dev.lamina.train.Recipe;
import dev.lamina.train.RunHandle;
import dev.lamina.train.RunPlan;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Keeps weights, history, plots and report on disk up to date during training. The weights are
 * those of the epoch with the best validation accuracy, or of the last one if there is no
 * validation.
 *
 * <p>Of several workers all evaluate the test images, so that none waits for another longer than
 * for a step; worker 0 alone writes.
 */
final class RunArtifacts implements Callback {
  /** The key in the metadata of weights that says why their epoch was chosen. */
  static final String CHOSEN_BY = "epoch_chosen_by";

  /** Its value if there was no validation to choose by. */
  static final String LAST = "being the last";

  private final RunConfig config;
  private final Recipe recipe;
  private final Path folder;
  private final Model model;
  private final ImageData images;
  private final Set<String> reported = new HashSet<>();

  RunArtifacts(RunConfig config, Recipe recipe, Path folder, Model model, ImageData images) {
    this.config = config;
    this.recipe = recipe;
    this.folder = folder;
    this.model = model;
    this.images = images;
  }

  @Override
  public void onStart(RunPlan plan, RunHandle run) {
    if (Training.first()) {
      show(() -> Plots.writeSchedule(recipe.schedule(), plan.steps(), plots()));
      show(
          () ->
              Samples.write(
                  images.train(), recipe.augmentations(), plots().resolve("samples.png")));
    }
  }

  @Override
  public void onEpoch(Epoch epoch, RunHandle run) {
    if (config.testCurve()) {
      evaluateTest(epoch, run);
    }
    if (Training.first()) {
      write(epoch, run);
    }
  }

  private void write(Epoch epoch, RunHandle run) {
    if (chosen(config, run.history()).number() == epoch.number()) {
      run.saveWeights(RunConfig.weights(folder), metadata(config, epoch));
    }
    HistoryCsv.write(run.history(), test(run), RunConfig.history(folder));
    show(() -> Plots.writeHistory(run.history(), plots()));
    show(() -> RunReports.write(config, folder, model, run.history()));
  }

  /** Writes pictures or the report; a run must not end because they cannot be written. */
  private void show(Runnable write) {
    Extra.attempt(write, this::warn);
  }

  private void warn(Throwable e) {
    String reason = Messages.singleLine(e);
    if (reported.add(reason)) {
      System.err.printf(
          Locale.ROOT,
          "%nlamina: plots or report of %s could not be drawn (%s); training continues%n",
          folder,
          reason);
    }
  }

  /**
   * Returns the epoch whose weights are kept: the best one by validation; the last one without
   * validation, or if it uses the test images.
   */
  static Epoch chosen(RunConfig config, History history) {
    return config.validation() == RunConfig.Validation.TEST
        ? history.last()
        : history.best().orElseGet(history::last);
  }

  /** Returns the metadata of the weights of an epoch. */
  static Map<String, String> metadata(RunConfig config, Epoch epoch) {
    Map<String, String> metadata = config.metadata();
    metadata.put("epoch", Integer.toString(epoch.number()));
    boolean validated =
        config.validation() != RunConfig.Validation.TEST && epoch.validation().isPresent();
    metadata.put(CHOSEN_BY, validated ? "validation accuracy" : LAST);
    if (validated) {
      metadata.put(
          "validation_accuracy", Training.decimals(epoch.validation().orElseThrow().accuracy()));
    }
    return metadata;
  }

  /** Adds to the test curve in the run's state, so that a resumed run has all of it. */
  private void evaluateTest(Epoch epoch, RunHandle run) {
    Evaluation test =
        model
            .evaluate(images.test(), Optional.of(run.evaluationWeights()), List.of(), () -> false)
            .orElseThrow();
    CallbackState state = run.state(name());
    state.put("test_loss." + epoch.number(), test.loss());
    state.put("test_accuracy." + epoch.number(), test.accuracy());
  }

  private Map<Integer, Metrics> test(RunHandle run) {
    Map<Integer, Metrics> curve = new LinkedHashMap<>();
    if (config.testCurve()) {
      CallbackState state = run.state(name());
      for (Epoch epoch : run.history().epochs()) {
        curve.put(
            epoch.number(),
            Metrics.of(
                images.test().size(),
                state.get("test_loss." + epoch.number(), Double.NaN),
                state.get("test_accuracy." + epoch.number(), Double.NaN)));
      }
    }
    return curve;
  }

  private Path plots() {
    return RunConfig.plots(folder);
  }
}
