package dev.lamina.optimizer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Role;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * LARS: momentum whose rate for each kernel follows the norms of weight and gradient, for large
 * batches (You, Gitman and Ginsburg, arXiv 1708.03888, algorithm 1):
 *
 * <pre>
 * trust = coefficient * |w| / (|g| + decay * |w|)
 * v = momentum * v + rate * trust * (g + decay * w)
 * w = w - v
 * </pre>
 *
 * <p>The trust is 1 for biases and normalisation parameters, and where a norm is 0.
 *
 * @param momentum the factor of the velocity, in [0, 1); a schedule may set it in every step
 * @param trustCoefficient how far one step moves a kernel, relative to its norm and the rate; 0.001
 *     unless set
 * @param transform clipping and weight decay; none unless set
 */
public record Lars(double momentum, double trustCoefficient, GradientTransform transform)
    implements Optimizer {
  /** Checks that the momentum is in [0, 1), and the coefficient positive and finite. */
  public Lars {
    checkArgument(momentum >= 0 && momentum < 1, "momentum must be in [0, 1), got %s", momentum);
    checkArgument(
        trustCoefficient > 0, "trustCoefficient must be positive, got %s", trustCoefficient);
    checkArgument(
        Double.isFinite(trustCoefficient),
        "trustCoefficient must be finite, got %s",
        trustCoefficient);
  }

  /** Returns LARS with the paper's coefficient. */
  public static Lars of(double momentum) {
    return new Lars(momentum, 0.001, GradientTransform.NONE);
  }

  /** Returns this optimizer with another coefficient. */
  public Lars trustCoefficient(double trustCoefficient) {
    return new Lars(momentum, trustCoefficient, transform);
  }

  /** Returns this optimizer with this factor of each weight added to its gradient. */
  public Lars weightDecay(double weightDecay) {
    return new Lars(momentum, trustCoefficient, transform.weightDecay(weightDecay));
  }

  /** Returns this optimizer without weight decay of biases and normalisation parameters. */
  public Lars decayKernelsOnly() {
    return new Lars(momentum, trustCoefficient, transform.forKernelsOnly());
  }

  @Override
  public Op update(UpdateContext update) {
    Ops tf = update.tf();
    Operand<TFloat32> rate = update.learningRate();
    if (update.variable().parameter().role() == Role.KERNEL) {
      rate = tf.math.mul(rate, trust(tf, update));
    }
    return tf.train.resourceApplyMomentum(
        update.variable().handle(),
        update.slot("velocity").handle(),
        tf.constant(1f),
        tf.math.mul(update.gradient(), rate),
        update.momentum());
  }

  private Operand<TFloat32> trust(Ops tf, UpdateContext update) {
    Operand<TFloat32> decay = tf.constant((float) update.weightDecay());
    Operand<TFloat32> loss =
        update.weightDecay() == 0
            ? update.gradient()
            : tf.math.sub(update.gradient(), tf.math.mul(update.value(), decay));
    Operand<TFloat32> weightNorm = norm(tf, update.value());
    Operand<TFloat32> norms = tf.math.add(norm(tf, loss), tf.math.mul(decay, weightNorm));
    Operand<TFloat32> trust =
        tf.math.mul(tf.math.div(weightNorm, norms), tf.constant((float) trustCoefficient));
    var known =
        tf.math.logicalAnd(
            tf.math.greater(weightNorm, tf.constant(0f)), tf.math.greater(norms, tf.constant(0f)));
    return tf.select(known, trust, tf.constant(1f));
  }

  private static Operand<TFloat32> norm(Ops tf, Operand<TFloat32> tensor) {
    return tf.math.sqrt(tf.math.mul(tf.nn.l2Loss(tensor), tf.constant(2f)));
  }
}
