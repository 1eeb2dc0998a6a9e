package dev.lamina.model;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** How well a model does on a set of images. */
public final class Evaluation {
  private final double lossSum;
  private final long[][] confusion;
  private final List<String> classNames;
  private final Map<String, Double> metrics;

  Evaluation(
      double lossSum, long[][] confusion, List<String> classNames, Map<String, Double> metrics) {
    this.lossSum = lossSum;
    this.confusion = confusion;
    this.classNames = classNames;
    this.metrics = Collections.unmodifiableMap(metrics);
  }

  /** Returns the metrics that were asked for beside loss and accuracy, by name. */
  public Map<String, Double> metrics() {
    return metrics;
  }

  /** Returns the number of images. */
  public long count() {
    return Arrays.stream(confusion).flatMapToLong(Arrays::stream).sum();
  }

  /** Returns the mean cross-entropy, natural logarithm, without label smoothing. */
  public double loss() {
    return lossSum / count();
  }

  /** Returns the share of images whose largest logit is that of their class, in [0, 1]. */
  public double accuracy() {
    long right = 0;
    for (int i = 0; i < confusion.length; i++) {
      right += confusion[i][i];
    }
    return (double) right / count();
  }

  /**
   * Returns the number of images of class {@code label} that were predicted as class {@code
   * predicted}.
   */
  public long confusion(int label, int predicted) {
    return confusion[label][predicted];
  }

  /**
   * Returns the share of the images of one class that were recognised, in [0, 1]; NaN if there are
   * none.
   */
  public double recall(int label) {
    return (double) confusion[label][label] / Arrays.stream(confusion[label]).sum();
  }

  /**
   * Returns the share of the images predicted as one class that belong to it, in [0, 1]; NaN if
   * there are none.
   */
  public double precision(int predicted) {
    long taken = Arrays.stream(confusion).mapToLong(row -> row[predicted]).sum();
    return (double) confusion[predicted][predicted] / taken;
  }

  /**
   * Returns a table of the confusion matrix: a row for each true class, a column for each predicted
   * one.
   */
  public String table() {
    int name = Math.max(5, classNames.stream().mapToInt(String::length).max().orElse(0));
    int cell = Math.max(5, Long.toString(count()).length() + 1);
    StringBuilder text = new StringBuilder(" ".repeat(name));
    for (int j = 0; j < confusion.length; j++) {
      text.append(String.format(Locale.ROOT, "%" + cell + "d", j));
    }
    text.append("  recall  precision\n");
    for (int i = 0; i < confusion.length; i++) {
      text.append(String.format(Locale.ROOT, "%-" + name + "s", classNames.get(i)));
      for (long count : confusion[i]) {
        text.append(String.format(Locale.ROOT, "%" + cell + "d", count));
      }
      text.append(String.format(Locale.ROOT, "%8.4f%11.4f%n", recall(i), precision(i)));
    }
    return text.toString();
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT, "accuracy %.4f, loss %.4f on %d images", accuracy(), loss(), count());
  }
}
