package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TFloating;

/**
 * The activation CELU (Barron, "Continuously Differentiable Exponential Linear Units", arXiv
 * 1704.07483): x if x is positive, else {@code alpha * (exp(x / alpha) - 1)}. The output has the
 * shape of the input.
 *
 * @param alpha the negative of the value that is approached to the left, positive; with 1,
 *     PyTorch's default, it is {@link Activation#ELU}
 */
public record Celu(double alpha) implements Layer {
  /** Checks that alpha is positive. */
  public Celu {
    checkArgument(
        alpha > 0 && alpha < Double.POSITIVE_INFINITY, "alpha must be positive, got %s", alpha);
  }

  /** Returns the activation. */
  public static Celu of(double alpha) {
    return new Celu(alpha);
  }

  @Override
  public Shape outputShape(Shape input) {
    return input;
  }

  @Override
  public boolean acceptsAnyFloatType() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> x) {
    Ops tf = context.tf();
    Operand<TFloating> factor = tf.constant(x.type(), alpha);
    // Of positive values both are x / alpha.
    return tf.math.mul(tf.nn.elu(tf.math.div(x, factor)), factor);
  }
}
