package dev.lamina.report;

import dev.lamina.io.AtomicFiles;
import dev.lamina.step.Metrics;
import dev.lamina.train.Epoch;
import dev.lamina.train.History;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The history of a run as a CSV file, one row per epoch; {@code seconds} is the duration of the
 * epoch.
 */
public final class HistoryCsv {
  private HistoryCsv() {}

  /**
   * Writes the file, replacing an existing one atomically. Numbers are written with full precision,
   * so that runs can be compared exactly.
   */
  public static void write(History history, Path file) {
    write(history, Map.of(), file);
  }

  /**
   * Writes the file with two columns more, {@code test_loss} and {@code test_accuracy}.
   *
   * @param test the evaluation of the test images after each epoch, by its number; if it is empty,
   *     there are no such columns
   */
  public static void write(History history, Map<Integer, Metrics> test, Path file) {
    StringBuilder text = new StringBuilder("epoch,steps,loss,accuracy,val_loss,val_accuracy");
    text.append(test.isEmpty() ? "" : ",test_loss,test_accuracy");
    text.append(",learning_rate,momentum,seconds\n");
    for (Epoch epoch : history.epochs()) {
      text.append(
          String.format(
              Locale.ROOT,
              "%d,%d,%s,%s,%s%s,%s,%s,%.1f%n",
              epoch.number(),
              epoch.steps(),
              epoch.loss(),
              epoch.accuracy(),
              columns(epoch.validation()),
              test.isEmpty() ? "" : "," + columns(Optional.ofNullable(test.get(epoch.number()))),
              epoch.learningRate(),
              epoch.momentum(),
              epoch.seconds()));
    }
    AtomicFiles.writeString(file, text.toString());
  }

  private static String columns(Optional<Metrics> metrics) {
    return metrics.map(m -> m.loss() + "," + m.accuracy()).orElse(",");
  }
}
