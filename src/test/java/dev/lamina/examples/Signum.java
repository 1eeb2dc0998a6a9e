package dev.lamina.examples;

import dev.lamina.optimizer.Optimizer;
import dev.lamina.optimizer.UpdateContext;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Steps of one length for every weight, by the sign of the velocity (Signum; Bernstein et al.,
 * arXiv 1802.04434):
 *
 * <pre>
 * v = momentum * v + (1 - momentum) * g
 * w = w - rate * sign(v)
 * </pre>
 *
 * @param momentum the factor of the velocity
 */
record Signum(double momentum) implements Optimizer {
  @Override
  public Op update(UpdateContext update) {
    Ops tf = update.tf();
    var velocity = update.slot("velocity");
    Operand<TFloat32> old = tf.readVariableOp(velocity.handle(), TFloat32.class);
    Operand<TFloat32> moved =
        tf.math.add(
            tf.math.mul(old, update.momentum()),
            tf.math.mul(update.gradient(), tf.math.sub(tf.constant(1f), update.momentum())));
    Op kept = tf.assignVariableOp(velocity.handle(), moved);
    return tf.withControlDependencies(kept)
        .assignSubVariableOp(
            update.variable().handle(), tf.math.mul(update.learningRate(), tf.math.sign(moved)));
  }
}
