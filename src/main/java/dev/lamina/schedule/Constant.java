package dev.lamina.schedule;

/**
 * The same learning rate at every step.
 *
 * @param rate the learning rate, positive
 */
public record Constant(double rate) implements Schedule {

  /** Checks that the rate is positive and finite. */
  public Constant {
    Checks.positive("learning rate", rate);
  }

  /** Returns a schedule that stays at {@code rate}. */
  public static Constant of(double rate) {
    return new Constant(rate);
  }

  @Override
  public double learningRate(long step, long steps) {
    Checks.step(step, steps);
    return rate;
  }
}
