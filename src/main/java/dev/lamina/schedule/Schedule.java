package dev.lamina.schedule;

import java.util.OptionalDouble;

/**
 * A pure function from step to learning rate, and possibly to momentum. A lambda can be a custom
 * schedule: {@code (step, steps) -> 0.1 / (1 + step)}.
 *
 * <p>The schedules of this package hold the value of the last step for every step past the end, and
 * throw {@link IllegalArgumentException} if {@code step} is negative or {@code steps} is not
 * positive.
 */
@FunctionalInterface
public interface Schedule {

  /**
   * Returns the learning rate at a step, finite and not negative.
   *
   * @param step the step, from 0
   * @param steps the length of the run in steps
   */
  double learningRate(long step, long steps);

  /**
   * Returns the momentum at a step, in [0, 1), or empty to use the optimizer's own.
   *
   * @param step the step, from 0
   * @param steps the length of the run in steps
   */
  default OptionalDouble momentum(long step, long steps) {
    return OptionalDouble.empty();
  }
}
