package dev.lamina.report;

import dev.lamina.data.AtomicFiles;
import dev.lamina.train.Epoch;
import dev.lamina.train.History;
import java.nio.file.Path;
import java.util.Locale;

/** The history of a run as a CSV file, a row for each epoch. */
public final class HistoryCsv {
  private HistoryCsv() {}

  /**
   * Writes the file; it is replaced as a whole. Numbers have all their digits, so that runs can be
   * compared exactly.
   */
  public static void write(History history, Path file) {
    StringBuilder text =
        new StringBuilder(
            "epoch,steps,loss,accuracy,val_loss,val_accuracy,learning_rate,momentum,seconds\n");
    for (Epoch epoch : history.epochs()) {
      text.append(
          String.format(
              Locale.ROOT,
              "%d,%d,%s,%s,%s,%s,%s,%s,%.1f%n",
              epoch.number(),
              epoch.steps(),
              epoch.loss(),
              epoch.accuracy(),
              epoch.validation().map(v -> Double.toString(v.loss())).orElse(""),
              epoch.validation().map(v -> Double.toString(v.accuracy())).orElse(""),
              epoch.learningRate(),
              epoch.momentum(),
              epoch.seconds()));
    }
    AtomicFiles.writeString(file, text.toString());
  }
}
