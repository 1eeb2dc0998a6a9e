package dev.lamina.model;

import dev.lamina.io.DisplayWidth;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * How well a model does on a set of images.
 *
 * <pre>{@code
 * Evaluation test = model.evaluate(data.test(), TopK.of(5));
 * System.out.println(test.accuracy() + " " + test.metrics().get("top_5_accuracy"));
 * System.out.println(test.average(Average.MACRO).f1() + " " + test.calibration().expectedError());
 * }</pre>
 */
public final class Evaluation {
  /** How the scores of classes are averaged; the definitions are those of scikit-learn. */
  public enum Average {
    /**
     * Every class counts the same. A score that is NaN counts as 0; a class that has no images and
     * was never predicted does not count.
     */
    MACRO,
    /** Every class counts by its number of images. A score that is NaN counts as 0. */
    WEIGHTED,
    /** Every image counts the same: all three scores are the accuracy. */
    MICRO
  }

  private final double lossSum;
  private final long[][] confusion;
  private final Calibration calibration;
  private final List<Mistake> mistakes;
  private final List<String> classNames;
  private final Map<String, Double> metrics;

  Evaluation(
      double lossSum,
      long[][] confusion,
      Calibration calibration,
      List<Mistake> mistakes,
      List<String> classNames,
      Map<String, Double> metrics) {
    this.lossSum = lossSum;
    this.confusion = confusion;
    this.calibration = calibration;
    this.mistakes = mistakes;
    this.classNames = classNames;
    this.metrics = Collections.unmodifiableMap(metrics);
  }

  /** Returns the metrics that were asked for beside loss and accuracy, by name. */
  public Map<String, Double> metrics() {
    return metrics;
  }

  /** Returns the names of the classes. */
  public List<String> classNames() {
    return classNames;
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
    return (double) IntStream.range(0, confusion.length).mapToLong(this::truePositives).sum()
        / count();
  }

  /** Returns how well probabilities and accuracy agree. */
  public Calibration calibration() {
    return calibration;
  }

  /** Returns at most 30 images that were not recognised, the most confident prediction first. */
  public List<Mistake> mistakes() {
    return mistakes;
  }

  /**
   * Returns the number of images of class {@code label} that were predicted as class {@code
   * predicted}.
   */
  public long confusion(int label, int predicted) {
    return confusion[label][predicted];
  }

  /** Returns precision, recall, F1 and the number of images of a class. */
  public ClassScores scores(int label) {
    long right = truePositives(label);
    long images = Arrays.stream(confusion[label]).sum();
    long predictions = Arrays.stream(confusion).mapToLong(row -> row[label]).sum();
    return new ClassScores(
        (double) right / predictions,
        (double) right / images,
        2.0 * right / (predictions + images),
        images);
  }

  /** Returns the average of the classes' scores. */
  public ClassScores average(Average average) {
    return switch (average) {
      case MICRO -> new ClassScores(accuracy(), accuracy(), accuracy(), count());
      case MACRO -> average(scores -> Double.isNaN(scores.f1()) ? 0 : 1);
      case WEIGHTED -> average(ClassScores::support);
    };
  }

  private ClassScores average(ToDoubleFunction<ClassScores> weight) {
    double[] sums = new double[3];
    double weights = 0;
    for (int i = 0; i < confusion.length; i++) {
      ClassScores scores = scores(i);
      double w = weight.applyAsDouble(scores);
      sums[0] += w * zeroIfNan(scores.precision());
      sums[1] += w * zeroIfNan(scores.recall());
      sums[2] += w * zeroIfNan(scores.f1());
      weights += w;
    }
    return new ClassScores(sums[0] / weights, sums[1] / weights, sums[2] / weights, count());
  }

  private static double zeroIfNan(double value) {
    return Double.isNaN(value) ? 0 : value;
  }

  private long truePositives(int label) {
    return confusion[label][label];
  }

  /**
   * Returns a table of the confusion matrix: a row for each true class, a column for each predicted
   * one.
   */
  public String table() {
    int name = Math.max(5, classNames.stream().mapToInt(DisplayWidth::of).max().orElse(0));
    int cell = Math.max(5, Long.toString(count()).length() + 1);
    StringBuilder text = new StringBuilder(" ".repeat(name));
    for (int j = 0; j < confusion.length; j++) {
      text.append(String.format(Locale.ROOT, "%" + cell + "d", j));
    }
    text.append('\n');
    for (int i = 0; i < confusion.length; i++) {
      text.append(DisplayWidth.fit(classNames.get(i), name));
      for (long count : confusion[i]) {
        text.append(String.format(Locale.ROOT, "%" + cell + "d", count));
      }
      text.append('\n');
    }
    return text.toString();
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT, "accuracy %.4f, loss %.4f on %d images", accuracy(), loss(), count());
  }
}
