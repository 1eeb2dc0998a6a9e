package dev.lamina.examples;

import dev.lamina.graph.Role;
import dev.lamina.optimizer.Optimizer;
import dev.lamina.optimizer.UpdateContext;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Momentum whose rate for each kernel follows the ratio of the norms of weight and gradient (LARS;
 * You et al., arXiv 1708.03888), for large batches:
 *
 * <pre>
 * trust = eta * |w| / (|g| + epsilon)      1 for biases and normalisation
 * v = momentum * v + rate * trust * g
 * w = w - v
 * </pre>
 *
 * @param momentum the factor of the velocity
 * @param eta the trust coefficient
 */
record Lars(double momentum, double eta) implements Optimizer {
  @Override
  public Op update(UpdateContext update) {
    Ops tf = update.tf();
    var velocity = update.slot("velocity");
    Operand<TFloat32> moved =
        tf.math.add(
            tf.math.mul(tf.readVariableOp(velocity.handle(), TFloat32.class), update.momentum()),
            tf.math.mul(tf.math.mul(update.gradient(), update.learningRate()), trust(tf, update)));
    Op kept = tf.assignVariableOp(velocity.handle(), moved);
    return tf.withControlDependencies(kept).assignSubVariableOp(update.variable().handle(), moved);
  }

  private Operand<TFloat32> trust(Ops tf, UpdateContext update) {
    if (update.variable().parameter().role() != Role.KERNEL) {
      return tf.constant(1f);
    }
    // The half in l2Loss cancels in the ratio.
    Operand<TFloat32> ratio =
        tf.math.sqrt(
            tf.math.div(
                tf.nn.l2Loss(update.value()),
                tf.math.add(tf.nn.l2Loss(update.gradient()), tf.constant(1e-12f))));
    return tf.math.mul(ratio, tf.constant((float) eta));
  }
}
