package dev.lamina.train;

import dev.lamina.io.ProgressText;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The state of a run in one line that fits a terminal.
 *
 * @param epoch the epoch, from 1, of {@code epochs}
 * @param done the share of the epoch that is done, from 0 to 1
 * @param secondsLeft until the end of the run
 * @param imagesPerSecond the rate since the epoch began
 */
record StatusLine(
    int epoch,
    int epochs,
    double done,
    double loss,
    double accuracy,
    long secondsLeft,
    double imagesPerSecond,
    double learningRate) {
  /** Returns all that fits, the most important first, and a bar if there is room for it. */
  String fit(int columns) {
    String count = epoch + "/" + epochs;
    String left = ProgressText.duration(secondsLeft);
    List<String> parts = new ArrayList<>();
    parts.add("epoch " + count);
    parts.add(String.format(Locale.ROOT, "%3.0f%%", 100 * done));
    parts.add(String.format(Locale.ROOT, "loss %.4f", loss));
    parts.add(String.format(Locale.ROOT, "accuracy %.4f", accuracy));
    parts.add(left + " left");
    parts.add(String.format(Locale.ROOT, "%.0f images/s", imagesPerSecond));
    parts.add(String.format(Locale.ROOT, "lr %.3g", learningRate));
    while (parts.size() > 5 && length(parts) > columns) {
      parts.remove(parts.size() - 1);
    }
    if (length(parts) > columns) {
      return String.format(Locale.ROOT, "%s loss %.3f acc %.3f %s", count, loss, accuracy, left);
    }
    String after = String.join("  ", parts.subList(1, parts.size()));
    return ProgressText.withBar(parts.get(0), after, done, columns);
  }

  private static int length(List<String> parts) {
    return String.join("  ", parts).length();
  }
}
