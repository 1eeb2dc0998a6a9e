package dev.lamina.cli;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.distributed.Cluster;
import dev.lamina.graph.Device;
import dev.lamina.graph.Precision;
import dev.lamina.io.FolderLock;
import dev.lamina.io.LaminaException;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Model;
import dev.lamina.report.TensorBoard;
import dev.lamina.step.DivergenceException;
import dev.lamina.train.Callback;
import dev.lamina.train.Checkpoint;
import dev.lamina.train.Checkpoints;
import dev.lamina.train.Epoch;
import dev.lamina.train.History;
import dev.lamina.train.JsonLines;
import dev.lamina.train.OutOfMemoryException;
import dev.lamina.train.ProgressBar;
import dev.lamina.train.Recipe;
import dev.lamina.train.RecipeOptions;
import dev.lamina.train.Trainer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Trains with a configuration in a run folder, and prints the results.
 *
 * @param config the run
 * @param recipe the run's recipe
 * @param folder the run folder
 * @param images the data set
 * @param tensorboard whether it writes for TensorBoard; a resumed run does as before
 * @param resumeCommand the command line that resumes the run
 * @param quiet whether only results are printed
 * @param out the stream to print to
 */
record Training(
    RunConfig config,
    Recipe recipe,
    Path folder,
    ImageData images,
    boolean tensorboard,
    String resumeCommand,
    boolean quiet,
    PrintWriter out) {
  /** About as many points as a curve by step has. */
  private static final int CURVE_POINTS = 500;

  /** Starts the run in a new or empty folder, and returns the exit status. */
  @SuppressWarnings("try") // The lock is held, not used.
  int start(Model model) {
    Trainer.Builder trainer = Trainer.builder(recipe);
    if (!first()) {
      return train(trainer, model);
    }
    try (FolderLock lock = RunFolders.create(folder)) {
      model.saveWeights(RunConfig.initial(folder), config.metadata());
      return train(trainer, model);
    }
  }

  /** Continues the run in the folder. */
  @SuppressWarnings("try") // The lock is held, not used.
  int resume(Device device) {
    // Callbacks differ only if config.json was edited, such as for a longer time limit.
    Trainer.Builder trainer =
        Trainer.builder(recipe).allowChanges("epochs", "schedule", "accumulate", "callbacks");
    trainer.build();
    try (FolderLock lock = first() ? RunFolders.lock(folder) : null;
        Model model = Model.load(RunConfig.initial(folder), device)) {
      return train(trainer, model);
    }
  }

  /** Of several workers only the first one writes to the folder and prints. */
  static boolean first() {
    return Cluster.joined().map(Cluster::isFirst).orElse(true);
  }

  /** Trains from the newest checkpoint; from the start if there is none. */
  private int train(Trainer.Builder trainer, Model model) {
    if (!quiet) {
      printPlan(model);
    }
    History history;
    try (Interrupts interrupts = Interrupts.listen("after this step")) {
      trainer.callbacks(callbacks(model, interrupts));
      try {
        history = run(trainer.build(), model);
      } catch (DivergenceException e) {
        if (first()) {
          keep(model);
        }
        print("kept       %s", RunConfig.weights(folder));
        if (!e.isOfCheckpoint()) {
          printResume(" --learning-rate RATE");
        }
        throw e;
      } catch (RuntimeException | Error e) {
        try {
          printResume(smallerParts(e));
        } catch (RuntimeException again) {
          e.addSuppressed(again);
        }
        throw e;
      }
      int signal = signal(interrupts, history);
      if (signal != 0) {
        printResume("");
        return signal;
      }
      if (history.epochs().isEmpty()) {
        printResume("");
        throw new LaminaException(
            ("%s has no epoch to evaluate: a callback, such as TimeLimit, stopped it before the first one"
                    + " ended; set a longer limit in its config.json and resume")
                .formatted(folder));
      }
    }
    if (first()) {
      finish(model, history);
    }
    Cluster.joined().ifPresent(Cluster::awaitFirst);
    return 0;
  }

  private Callback[] callbacks(Model model, Interrupts interrupts) {
    List<Callback> callbacks = new ArrayList<>();
    if (!quiet) {
      callbacks.add(ProgressBar.console());
    }
    Path log = RunConfig.log(folder);
    callbacks.add(new BestEffort(JsonLines.to(log).everySteps(logInterval()), log));
    // Before the checkpoints, so that none is newer than weights and history.
    callbacks.add(new ConfigWriter(config, folder));
    callbacks.add(new RunArtifacts(config, recipe, folder, model, images));
    callbacks.add(Checkpoints.in(folder));
    callbacks.add(interrupts);
    Path events = RunConfig.tensorboard(folder);
    if (tensorboard || Files.isDirectory(events)) {
      callbacks.add(new BestEffort(TensorBoard.in(events), events));
    }
    return callbacks.toArray(Callback[]::new);
  }

  /**
   * Returns the exit status of the signal that this process was sent, or another worker if all have
   * stopped early; 0 if there was none.
   */
  private int signal(Interrupts interrupts, History history) {
    int own = interrupts.status();
    if (Cluster.joined().isEmpty() || history.epochs().size() == recipe.epochs()) {
      return own;
    }
    return Cluster.joined().get().exchange(Integer.toString(own)).stream()
        .mapToInt(Integer::parseInt)
        .max()
        .orElse(own);
  }

  /** Returns the number of steps between two points of a curve. */
  private long logInterval() {
    long epoch = (images.train().size() - 1L) / recipe.batchSize() + 1;
    return Math.max(1, recipe.epochs() * epoch / CURVE_POINTS);
  }

  private void printPlan(Model model) {
    Precision precision = recipe.precision().orElseGet(() -> model.device().precision());
    print("data       %s: %s", config.data(), DataCommand.describe(images));
    images.notes().forEach(note -> print("images     %s", note));
    print("validation %s", describeValidation());
    if (recipe.freezeEpochs() > 0) {
      print(
          "stages     %d epochs of the classifier alone, then those of all layers",
          recipe.freezeEpochs());
    }
    print("network    %s: %s", config.describeNetwork(), last(model.summary()));
    print("device     %s", describe(model.device()));
    print("precision  %s", PrecisionOption.text(precision));
    Cluster.joined()
        .ifPresent(
            cluster ->
                print(
                    "workers    %d, which share every batch of %d; the learning rate%s of the whole batch",
                    cluster.size(),
                    recipe.batchSize(),
                    recipe.synchronizedBatchNorms()
                        ? " and the statistics of batch norms are those"
                        : " is that"));
    long memory = Trainer.builder(recipe).build().memory(model, images.train());
    print("memory     about %.1f GB", memory / 1e9);
    print("run        %s", folder);
    for (String name : RecipeOptions.unregistered(recipe)) {
      print("not stored %s is not registered: this run can be resumed from Java only", name);
    }
  }

  private String describe(Device device) {
    return device.count() == 1
        ? device.toString()
        : "%s, which share every batch of %s".formatted(device, recipe.batchSize());
  }

  private String describeValidation() {
    return switch (config.validation()) {
      case NONE -> "none: the weights of the last epoch are kept";
      case SHARE ->
          String.format(Locale.ROOT, "%s of the training images", recipe.validationSplit());
      case PART -> images.validation().map(ImageSet::size).orElse(0) + " images";
      case TEST -> "the test images, as the run began: the weights of the last epoch are kept";
    };
  }

  private History run(Trainer trainer, Model model) {
    Optional<ImageSet> validation =
        switch (config.validation()) {
          case NONE, SHARE -> Optional.empty();
          case PART -> images.validation();
          case TEST -> Optional.of(images.test());
        };
    return validation
        .map(set -> trainer.resume(folder, model, images.train(), set))
        .orElseGet(() -> trainer.resume(folder, model, images.train()));
  }

  /** Keeps the weights of the best or the last epoch; before the first one, those of the model. */
  private void keep(Model model) {
    if (!Files.exists(RunConfig.weights(folder))) {
      Map<String, String> metadata = config.metadata();
      metadata.put("epoch", "0");
      model.saveWeights(RunConfig.weights(folder), metadata);
    }
  }

  /** Evaluates the final weights on the test images, once, and exports them. */
  private void finish(Model model, History history) {
    Epoch chosen = RunArtifacts.chosen(config, history);
    // Callbacks may have left other weights in the model, as early stopping does.
    model.loadWeights(RunConfig.weights(folder));
    Evaluation test = model.evaluate(images.test(), EvaluateCommand.metrics(images.test()));
    Path export = RunConfig.export(folder).resolve("1");
    removeOld(export);
    Map<String, String> metadata = RunArtifacts.metadata(config, chosen);
    metadata.put("test_accuracy", decimals(test.accuracy()));
    metadata.put(EvaluateCommand.TEST_IMAGES, images.test().hash());
    model.saveWeights(RunConfig.weights(folder), metadata);
    model.export(export, metadata);
    String report = RunReports.write(config, folder, model, history, test, images.test());
    print("weights    %s, %s", RunConfig.weights(folder), describeEpoch(chosen, history));
    print("history    %s", RunConfig.history(folder));
    print("plots      %s", RunConfig.plots(folder));
    print("SavedModel %s", export);
    print("report     %s", report);
    print("test accuracy %s", decimals(test.accuracy()));
  }

  private String describeEpoch(Epoch chosen, History history) {
    if (config.validation() == RunConfig.Validation.TEST || chosen.validation().isEmpty()) {
      return "of the last epoch";
    }
    return String.format(
        Locale.ROOT,
        "of epoch %s, the best of %s by validation accuracy (%s)",
        chosen.number(),
        history.epochs().size(),
        decimals(chosen.validation().orElseThrow().accuracy()));
  }

  static String decimals(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }

  /** Returns the option to resume with if a step ran out of memory; empty after other errors. */
  private static String smallerParts(Throwable e) {
    return e instanceof OutOfMemoryException memory ? " --accumulate " + memory.accumulate() : "";
  }

  private void printResume(String options) {
    if (!first()) {
      return;
    }
    Optional<Checkpoint> ofAll = Checkpoints.newest(folder);
    ofAll
        .or(() -> Checkpoints.newest(Checkpoints.ofFreezeEpochs(folder)))
        .ifPresent(
            checkpoint -> {
              print(
                  "checkpoint after step %d%s",
                  checkpoint.step(), ofAll.isPresent() ? "" : " of the classifier alone");
              out.println("resume     " + resumeCommand + options);
            });
  }

  /** Deletes what the run exported before it was resumed. */
  private static void removeOld(Path export) {
    try {
      if (Files.exists(export)) {
        MoreFiles.deleteRecursively(export, RecursiveDeleteOption.ALLOW_INSECURE);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          export + " could not be deleted (" + e + "); delete it and resume", e);
    }
  }

  private static String last(String text) {
    return text.lines().reduce((first, second) -> second).orElse("");
  }

  private void print(String format, Object... values) {
    if (first()) {
      TextLines.print(out, format, values);
    }
  }
}
