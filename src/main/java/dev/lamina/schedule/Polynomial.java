package dev.lamina.schedule;

/**
 * Polynomial decay from the peak: {@code end + (peak - end) * (1 - step / steps)^power}.
 *
 * @param peak the learning rate at step 0, positive
 * @param end the learning rate that the curve reaches at {@code steps}, one step past the last; not
 *     negative, 0 by default
 * @param power the exponent, positive; 1 by default, which is a linear decay
 */
public record Polynomial(double peak, double end, double power) implements Schedule {

  /** Checks that every value is in the range given above. */
  public Polynomial {
    Checks.positive("peak", peak);
    Checks.notNegative("end", end);
    Checks.positive("power", power);
  }

  /** Returns a linear decay from {@code peak} to 0. */
  public static Polynomial of(double peak) {
    return new Polynomial(peak, 0, 1);
  }

  /** Returns this schedule with another final learning rate. */
  public Polynomial end(double rate) {
    return new Polynomial(peak, rate, power);
  }

  /** Returns this schedule with another exponent. */
  public Polynomial power(double exponent) {
    return new Polynomial(peak, end, exponent);
  }

  @Override
  public double learningRate(long step, long steps) {
    double left = 1 - (double) Checks.step(step, steps) / steps;
    return end + (peak - end) * Math.pow(left, power);
  }
}
