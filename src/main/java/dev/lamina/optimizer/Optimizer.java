package dev.lamina.optimizer;

import org.tensorflow.op.Op;

/**
 * An algorithm that updates weights: an immutable value, built into a graph by {@link
 * BuiltOptimizer}. The learning rate and the momentum are variables that the schedule sets in every
 * step.
 *
 * <p>A custom optimizer implements the update of one variable:
 *
 * <pre>{@code
 * record SignSgd() implements Optimizer {
 *   public Op update(UpdateContext update) {
 *     Ops tf = update.tf();
 *     return tf.assignSubVariableOp(
 *         update.variable().handle(),
 *         tf.math.mul(update.learningRate(), tf.math.sign(update.gradient())));
 *   }
 * }
 * }</pre>
 */
public interface Optimizer {
  /**
   * Returns the momentum (Adam: beta1) that is used unless the schedule sets one; 0 unless
   * overridden.
   */
  default double momentum() {
    return 0;
  }

  /** Returns the transform of the gradients before the update; the identity unless overridden. */
  default GradientTransform transform() {
    return GradientTransform.NONE;
  }

  /**
   * Adds the operation that updates one variable. It must be built from {@link UpdateContext#tf()},
   * which makes it wait until the step is known to be finite, and keep its state in {@link
   * UpdateContext#slot}, so that it is in checkpoints.
   */
  Op update(UpdateContext update);
}
