package dev.lamina.schedule;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * Half a cosine wave from the peak down to a floor: {@code floor + (peak - floor) / 2 * (1 + cos(pi
 * * t / T))}, {@code t} steps into a cycle of {@code T} steps. By default the run is one cycle;
 * with {@link #restarts} the rate jumps back to the peak at the end of each. As in the source, the
 * last step of a cycle is one step before the floor is reached.
 *
 * <p>Source: equation 5 of Loshchilov and Hutter, <a href="https://arxiv.org/abs/1608.03983">SGDR:
 * Stochastic Gradient Descent with Warm Restarts</a>, 2017.
 *
 * @param peak the learning rate at the start of each cycle, positive
 * @param floor the learning rate that each cycle falls to, from 0 to the peak; 0 by default
 * @param firstCycle steps in the first cycle, or 0 (the default) for one cycle over the whole run
 * @param growth the ratio of each cycle's length to the previous one's, at least 1; 1 by default
 */
public record Cosine(double peak, double floor, long firstCycle, int growth) implements Schedule {

  /** Checks that every value is in the range given above. */
  public Cosine {
    Checks.positive("peak", peak);
    Checks.notNegative("floor", floor);
    checkArgument(floor <= peak, "floor must not exceed the peak, got %s and %s", floor, peak);
    checkArgument(firstCycle >= 0, "firstCycle must not be negative, got %s", firstCycle);
    checkArgument(growth >= 1, "growth must be at least 1, got %s", growth);
  }

  /** Returns a schedule that falls from {@code peak} to 0 once. */
  public static Cosine of(double peak) {
    return new Cosine(peak, 0, 0, 1);
  }

  /** Returns this schedule with another minimum learning rate. */
  public Cosine floor(double rate) {
    return new Cosine(peak, rate, firstCycle, growth);
  }

  /**
   * Returns this schedule with restarts.
   *
   * @param firstCycle steps in the first cycle, at least 1
   * @param growth the ratio of each cycle's length to the previous one's, at least 1
   */
  public Cosine restarts(long firstCycle, int growth) {
    checkArgument(firstCycle > 0, "firstCycle must be positive, got %s", firstCycle);
    return new Cosine(peak, floor, firstCycle, growth);
  }

  @Override
  public double learningRate(long step, long steps) {
    long at = Checks.step(step, steps);
    double length = firstCycle == 0 ? steps : firstCycle;
    double into = at;
    if (growth == 1) {
      into %= length;
    }
    while (into >= length) {
      into -= length;
      length *= growth;
    }
    return Anneal.COSINE.between(peak, floor, into / length);
  }
}
