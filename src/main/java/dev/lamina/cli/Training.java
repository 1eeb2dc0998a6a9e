package dev.lamina.cli;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.lamina.data.FolderLock;
import dev.lamina.data.ImageData;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Model;
import dev.lamina.train.Checkpoints;
import dev.lamina.train.DivergenceException;
import dev.lamina.train.ProgressBar;
import dev.lamina.train.Trainer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * Trains what a configuration says, in a run folder, and says what it leaves there.
 *
 * @param config the run
 * @param folder the run folder
 * @param images what is trained on
 * @param out where it is said
 */
record Training(RunConfig config, Path folder, ImageData images, PrintWriter out) {

  /** Starts the run in a new or empty folder, and returns the exit status. */
  @SuppressWarnings("try") // The lock is held, not used.
  int start(Model model) {
    Trainer.Builder trainer = config.recipe().trainer();
    // Refuses what breaks a rule before a folder is made.
    trainer.build().check(model, images.train());
    try (FolderLock lock = RunFolders.create(folder)) {
      model.saveWeights(RunConfig.initial(folder), config.facts());
      return train(trainer, model);
    }
  }

  /** Goes on with the run that lies in the folder. */
  @SuppressWarnings("try") // The lock is held, not used.
  int resume() {
    Trainer.Builder trainer = config.recipe().trainer().mayDiffer("epochs", "schedule");
    trainer.build();
    try (FolderLock lock = RunFolders.lock(folder);
        Model model = Model.load(RunConfig.initial(folder))) {
      return train(trainer, model);
    }
  }

  /** A run without checkpoints starts at its beginning, so that both ways end here. */
  private int train(Trainer.Builder trainer, Model model) {
    print("data       %s: %s", config.data(), DataCommand.describe(images));
    print("network    %s: %s", config.network(), last(model.summary()));
    print("precision  %s", PrecisionOption.text(config.recipe().precision()));
    print("run        %s", folder);
    try (Interrupts interrupts = Interrupts.listen("after this step")) {
      // In this order: where the checkpoint of an epoch is there, so are its weights and history.
      trainer.callbacks(
          ProgressBar.console(),
          new Recorder(config, folder, images.train()),
          Checkpoints.in(folder),
          interrupts);
      try {
        trainer.build().resume(folder, model, images.train(), images.test());
      } catch (DivergenceException e) {
        model.saveWeights(RunConfig.weights(folder), config.facts());
        print("kept       %s", RunConfig.weights(folder));
        printResume(" --learning-rate RATE");
        throw e;
      } catch (RuntimeException e) {
        printResume("");
        throw e;
      }
      if (interrupts.status() != 0) {
        printResume("");
        return interrupts.status();
      }
    }
    finish(model);
    return 0;
  }

  private void finish(Model model) {
    Evaluation test = model.evaluate(images.test());
    Path export = folder.resolve("export").resolve("1");
    removeOld(export);
    Map<String, String> facts = config.facts(config.recipe().epochs(), test.accuracy());
    model.saveWeights(RunConfig.weights(folder), facts);
    model.export(export, facts);
    print("weights    %s", RunConfig.weights(folder));
    print("history    %s", RunConfig.history(folder));
    print("plots      %s", RunConfig.plots(folder));
    print("SavedModel %s", export);
    print("test accuracy %.4f", test.accuracy());
  }

  private void printResume(String options) {
    Checkpoints.newest(folder)
        .ifPresent(
            checkpoint -> {
              print("checkpoint after step %d", checkpoint.step());
              print("resume     tools/lamina train --resume %s%s", folder, options);
            });
  }

  /** What the run exported before it was resumed. */
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
    out.printf(Locale.ROOT, format + "%n", values);
  }
}
