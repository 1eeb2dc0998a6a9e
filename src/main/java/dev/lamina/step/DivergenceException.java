package dev.lamina.step;

import dev.lamina.io.LaminaException;
import java.util.Locale;

/** Training has diverged: the loss, a gradient or a weight became infinite or NaN. */
public final class DivergenceException extends LaminaException {
  private static final long serialVersionUID = 1;
  private final long step;
  private final double learningRate;

  /**
   * Creates the exception.
   *
   * @param step the step, counted from 0
   * @param learningRate the learning rate of the step
   * @param weights a sentence that says which weights the model has now
   */
  public DivergenceException(long step, double learningRate, String weights) {
    super(
        String.format(
            Locale.ROOT,
            "training diverged at step %d (learning rate %s): the loss, a gradient or a weight is not"
                + " finite. %s. Try a lower learning rate, a warm-up or clipNorm",
            step,
            learningRate,
            weights));
    this.step = step;
    this.learningRate = learningRate;
  }

  /** Returns the step, counted from 0. */
  public long step() {
    return step;
  }

  /** Returns the learning rate of the step. */
  public double learningRate() {
    return learningRate;
  }
}
