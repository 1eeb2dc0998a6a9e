package dev.lamina.optimizer;

import static com.google.common.base.Preconditions.checkArgument;

import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Adam (Kingma and Ba, arXiv 1412.6980), with epsilon outside the corrected root, as in PyTorch:
 *
 * <pre>
 * m = beta1 * m + (1 - beta1) * g
 * v = beta2 * v + (1 - beta2) * g^2
 * w = w - rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
 * </pre>
 *
 * With {@link #withDecoupledDecay} it is AdamW. A schedule that cycles the momentum sets beta1; 1 -
 * beta1^t then takes the beta1 of the step.
 *
 * @param beta1 the decay of the first moment; 0.9 unless set
 * @param beta2 the decay of the second moment; 0.999 unless set
 * @param epsilon the number that keeps the divisor above 0; 1e-8 unless set
 * @param transform clipping and weight decay; none unless set
 */
public record Adam(double beta1, double beta2, double epsilon, GradientTransform transform)
    implements Optimizer {
  /** Checks that the betas are in [0, 1), and epsilon is positive and finite. */
  public Adam {
    checkArgument(beta1 >= 0 && beta1 < 1, "beta1 must be in [0, 1), got %s", beta1);
    checkArgument(beta2 >= 0 && beta2 < 1, "beta2 must be in [0, 1), got %s", beta2);
    checkArgument(epsilon > 0, "epsilon must be positive, got %s", epsilon);
    checkArgument(Double.isFinite(epsilon), "epsilon must be finite, got %s", epsilon);
  }

  /** Returns Adam with the paper's constants. */
  public static Adam create() {
    return new Adam(0.9, 0.999, 1e-8, GradientTransform.NONE);
  }

  /** Returns this optimizer with other decays of the moments. */
  public Adam betas(double beta1, double beta2) {
    return new Adam(beta1, beta2, epsilon, transform);
  }

  /** Returns this optimizer with another epsilon. */
  public Adam epsilon(double epsilon) {
    return new Adam(beta1, beta2, epsilon, transform);
  }

  /** Returns this optimizer with this factor of each weight added to its gradient. */
  public Adam weightDecay(double weightDecay) {
    return new Adam(beta1, beta2, epsilon, transform.weightDecay(weightDecay));
  }

  /**
   * Returns AdamW: this optimizer with its weight decay not passing through the moments. It needs a
   * {@link #weightDecay}, which is 0 unless set (PyTorch's AdamW has 0.01, Keras's 0.004).
   */
  public Adam withDecoupledDecay() {
    return new Adam(beta1, beta2, epsilon, transform.withDecoupledDecay());
  }

  /** Returns this optimizer without weight decay of biases and normalisation parameters. */
  public Adam decayKernelsOnly() {
    return new Adam(beta1, beta2, epsilon, transform.forKernelsOnly());
  }

  /**
   * Returns this optimizer with all gradients scaled down together if their common norm is larger.
   */
  public Adam clipNorm(double clipNorm) {
    return new Adam(beta1, beta2, epsilon, transform.clipNorm(clipNorm));
  }

  @Override
  public double momentum() {
    return beta1;
  }

  @Override
  public Op update(UpdateContext update) {
    Ops tf = update.tf();
    Operand<TFloat32> power1 = tf.math.pow(update.momentum(), update.step());
    Operand<TFloat32> power2 = tf.math.pow(tf.constant((float) beta2), update.step());
    // The kernel adds its epsilon to the uncorrected root, so it is given the corrected one.
    Operand<TFloat32> scaledEpsilon =
        tf.math.mul(
            tf.constant((float) epsilon), tf.math.sqrt(tf.math.sub(tf.constant(1f), power2)));
    return tf.train.resourceApplyAdam(
        update.variable().handle(),
        update.slot("first_moment").handle(),
        update.slot("second_moment").handle(),
        power1,
        power2,
        update.learningRate(),
        update.momentum(),
        tf.constant((float) beta2),
        scaledEpsilon,
        update.gradient());
  }
}
