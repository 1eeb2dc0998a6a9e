package dev.lamina.step;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The sums over the steps of an epoch so far.
 *
 * @param weight the sum of the examples' weights: their number, unless something weights them
 * @param loss the sum of their losses
 * @param metrics the sum of each metric, by its name
 */
public record EpochSums(double weight, double loss, Map<String, Double> metrics) {
  /** The sums before the first step. */
  public static final EpochSums ZERO = new EpochSums(0, 0, Map.of());

  /** Copies the map, keeping its order. */
  public EpochSums {
    metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
  }

  /** Returns the means over the examples; NaN before the first step. */
  public Metrics means() {
    Map<String, Double> means = new LinkedHashMap<>();
    metrics.forEach((name, sum) -> means.put(name, sum / weight));
    return new Metrics(Math.round(weight), loss / weight, means);
  }
}
