package dev.lamina.schedule;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.ImmutableDoubleArray;
import com.google.common.primitives.ImmutableLongArray;

/**
 * Linear interpolation between knots; constant before the first knot and after the last.
 *
 * @param knots steps, strictly increasing and not negative; at least one
 * @param values the learning rate at each knot, not negative
 */
public record PiecewiseLinear(ImmutableLongArray knots, ImmutableDoubleArray values)
    implements Schedule {

  /** Checks that knots increase, values are not negative, and both have the same length. */
  public PiecewiseLinear {
    checkArgument(!knots.isEmpty(), "knots must not be empty");
    checkArgument(
        knots.length() == values.length(),
        "knots and values must have the same length, got %s and %s",
        knots.length(),
        values.length());
    checkArgument(knots.get(0) >= 0, "knots must not be negative, got %s", knots);
    for (int i = 0; i < knots.length(); i++) {
      checkArgument(
          i == 0 || knots.get(i - 1) < knots.get(i), "knots must increase, got %s", knots);
      Checks.notNegative("learning rate", values.get(i));
    }
  }

  /**
   * Returns the schedule through the given points.
   *
   * @param knots steps, strictly increasing
   * @param values the learning rate at each knot
   */
  public static PiecewiseLinear of(long[] knots, double[] values) {
    return new PiecewiseLinear(
        ImmutableLongArray.copyOf(knots), ImmutableDoubleArray.copyOf(values));
  }

  @Override
  public double learningRate(long step, long steps) {
    long at = Checks.step(step, steps);
    int next = 0;
    while (next < knots.length() && knots.get(next) <= at) {
      next++;
    }
    if (next == 0 || next == knots.length()) {
      return values.get(Math.max(0, next - 1));
    }
    long from = knots.get(next - 1);
    double fraction = (double) (at - from) / (knots.get(next) - from);
    return Anneal.LINEAR.between(values.get(next - 1), values.get(next), fraction);
  }
}
