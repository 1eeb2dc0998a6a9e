package dev.lamina.train;

import java.util.Locale;

/** Training has diverged: the loss, a gradient or a weight became infinite or NaN. */
public final class DivergenceException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final long step;
  private final double learningRate;

  /**
   * A divergence.
   *
   * @param step the step, counted from 0
   * @param learningRate the learning rate of the step
   * @param kept whose weights the model has now, in words
   */
  DivergenceException(long step, double learningRate, String kept) {
    super(
        String.format(
            Locale.ROOT,
            "loss, gradients and weights must be finite, were not at step %d with learning rate %s; the model has the weights of"
                + " %s: try a lower learning rate, a warm-up or clipNorm",
            step,
            learningRate,
            kept));
    this.step = step;
    this.learningRate = learningRate;
  }

  /** The step, counted from 0. */
  public long step() {
    return step;
  }

  /** The learning rate of the step. */
  public double learningRate() {
    return learningRate;
  }
}
