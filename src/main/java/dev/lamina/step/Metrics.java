package dev.lamina.step;

import dev.lamina.metric.Accuracy;
import dev.lamina.model.Evaluation;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Loss and metrics of a model on some images. Those of training are computed before each step's
 * update.
 *
 * @param images the number of images, of training as their {@linkplain
 *     dev.lamina.augment.Batch#weights() weights} count them, rounded; without any the others are
 *     NaN
 * @param loss their mean loss
 * @param values the mean of each metric, by its name; {@code accuracy} is always among them
 */
public record Metrics(long images, double loss, Map<String, Double> values) {
  private static final String ACCURACY = Accuracy.create().name();

  /** Copies the map, keeping its order. */
  public Metrics {
    values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /** Returns metrics with only loss and accuracy. */
  public static Metrics of(long images, double loss, double accuracy) {
    return new Metrics(images, loss, Map.of(ACCURACY, accuracy));
  }

  /** Returns the metrics of an evaluation. */
  public static Metrics of(Evaluation evaluation) {
    Map<String, Double> values = new LinkedHashMap<>();
    values.put(ACCURACY, evaluation.accuracy());
    values.putAll(evaluation.metrics());
    return new Metrics(evaluation.count(), evaluation.loss(), values);
  }

  /** Returns the share of the images that was recognised, in [0, 1]. */
  public double accuracy() {
    return values.getOrDefault(ACCURACY, Double.NaN);
  }

  /**
   * Returns the mean of a metric, or the loss.
   *
   * @param name {@code loss}, {@code accuracy} or the name of a metric of the run
   * @throws IllegalArgumentException if the run has no metric of that name
   */
  public double get(String name) {
    if (name.equals("loss")) {
      return loss;
    }
    Double value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException(
          "metric must be loss or one of %s, got \"%s\"; add it with metrics(...)"
              .formatted(values.keySet(), name));
    }
    return value;
  }
}
