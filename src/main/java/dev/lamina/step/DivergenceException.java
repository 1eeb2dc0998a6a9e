package dev.lamina.step;

import dev.lamina.io.LaminaException;
import java.util.Locale;

/** Training has diverged: the loss, a gradient or a weight became infinite or NaN. */
public final class DivergenceException extends LaminaException {
  private static final long serialVersionUID = 1;
  private final long step;
  private final double learningRate;
  private final boolean ofCheckpoint;

  /**
   * Creates the exception.
   *
   * @param step the step, counted from 0
   * @param learningRate the learning rate of the step
   * @param weights a sentence that says which weights the model has now
   */
  public DivergenceException(long step, double learningRate, String weights) {
    this(
        step,
        learningRate,
        "the loss, a gradient or a weight is not finite. %s. Try a lower learning rate, a warm-up or clipNorm"
            .formatted(weights),
        false);
  }

  private DivergenceException(long step, double learningRate, String reason, boolean ofCheckpoint) {
    super(
        String.format(
            Locale.ROOT,
            "training diverged at step %d (learning rate %s): %s",
            step,
            learningRate,
            reason));
    this.step = step;
    this.learningRate = learningRate;
    this.ofCheckpoint = ofCheckpoint;
  }

  /**
   * Returns the exception of the first step of a resumed run, whose loss or gradients are those of
   * the checkpoint's weights.
   */
  public static DivergenceException ofCheckpoint(long step, double learningRate) {
    return new DivergenceException(
        step,
        learningRate,
        "the loss or a gradient is not finite with the weights of the checkpoint it was resumed from, so no"
            + " other learning rate helps. Start again with a lower one, or delete that checkpoint to"
            + " resume from an older one",
        true);
  }

  /** Returns whether the weights of the checkpoint that was resumed from are ruined already. */
  public boolean isOfCheckpoint() {
    return ofCheckpoint;
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
