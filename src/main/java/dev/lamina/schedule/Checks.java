package dev.lamina.schedule;

import static com.google.common.base.Preconditions.checkArgument;

/** Argument checks shared by the schedules. */
final class Checks {

  private Checks() {}

  /**
   * Checks both arguments of a schedule and returns the step, or the last step for a step past the
   * end.
   */
  static long step(long step, long steps) {
    checkArgument(steps > 0, "steps must be positive, got %s", steps);
    checkArgument(step >= 0, "step must not be negative, got %s", step);
    return Math.min(step, steps - 1);
  }

  static void positive(String name, double value) {
    checkArgument(value > 0, "%s must be positive, got %s", name, value);
    finite(name, value);
  }

  static void notNegative(String name, double value) {
    checkArgument(value >= 0, "%s must not be negative, got %s", name, value);
    finite(name, value);
  }

  static void fraction(String name, double value) {
    checkArgument(value >= 0 && value <= 1, "%s must be in 0..1, got %s", name, value);
  }

  private static void finite(String name, double value) {
    checkArgument(Double.isFinite(value), "%s must be finite, got %s", name, value);
  }
}
