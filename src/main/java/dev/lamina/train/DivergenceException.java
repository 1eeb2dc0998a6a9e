package dev.lamina.train;

/**
 * Training has diverged: the loss or a gradient became infinite or NaN. The weights are those of
 * before the step.
 */
public final class DivergenceException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final long step;

  DivergenceException(long step, double learningRate) {
    super(
        String.format(
            "loss or gradient must be finite, was not at step %d with learning rate %s; the weights of before the step are kept:"
                + " try a lower learning rate, a warm-up or clipNorm",
            step, learningRate));
    this.step = step;
  }

  /** The step, counted from 0. */
  public long step() {
    return step;
  }
}
