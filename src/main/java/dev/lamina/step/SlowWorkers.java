package dev.lamina.step;

import com.google.common.math.Quantiles;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the workers that the others wait for: those whose share of a step takes half as long again
 * as that of the others, by the medians of {@value #STEPS} steps.
 */
final class SlowWorkers {
  static final int STEPS = 20;

  private static final Logger LOG = LoggerFactory.getLogger(SlowWorkers.class);
  private static final double FACTOR = 1.5;

  /** What is less is lost in the noise of the machine. */
  private static final double MIN_SECONDS = 0.01;

  private final List<double[]> steps = new ArrayList<>();
  private final Set<Integer> named = new HashSet<>();

  /**
   * Adds a step.
   *
   * @param seconds the time of each worker, without its waiting
   * @return a warning for each worker that is now found to be slow, once; none for a single worker
   */
  List<String> add(double[] seconds) {
    if (seconds.length < 2) {
      return List.of();
    }
    steps.add(seconds);
    if (steps.size() < STEPS) {
      return List.of();
    }
    double[] medians = IntStream.range(0, seconds.length).mapToDouble(this::median).toArray();
    steps.clear();
    LOG.debug("median seconds of the workers' shares in {} steps: {}", STEPS, medians);
    return IntStream.range(0, medians.length)
        .filter(rank -> isSlow(medians[rank], others(medians, rank)) && named.add(rank))
        .mapToObj(rank -> warning(rank, medians[rank], others(medians, rank)))
        .toList();
  }

  private double median(int rank) {
    return Quantiles.median().compute(steps.stream().mapToDouble(step -> step[rank]).toArray());
  }

  private static double others(double[] medians, int rank) {
    return Quantiles.median()
        .compute(
            IntStream.range(0, medians.length)
                .filter(other -> other != rank)
                .mapToDouble(other -> medians[other])
                .toArray());
  }

  private static boolean isSlow(double own, double others) {
    return own > FACTOR * others && own - others > MIN_SECONDS;
  }

  private static String warning(int rank, double own, double others) {
    return String.format(
        Locale.ROOT,
        "worker %d is slow: its share of a step takes %.3f s, that of the others %.3f s, and all wait for it;"
            + " see what else runs on its machine",
        rank,
        own,
        others);
  }
}
