package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/**
 * Inverted dropout (Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from
 * Overfitting", 2014).
 *
 * <p>In training each value becomes 0 with probability {@code rate}, by itself, and else {@code x /
 * (1 - rate)}, so that the mean stays; the choice depends on the step's seed and the layer's name
 * alone. In inference: {@code y = x}.
 *
 * @param rate the probability that a value becomes 0; in [0, 1)
 */
public record Dropout(double rate) implements Layer {
  /** Checks the rate. */
  public Dropout {
    checkArgument(rate >= 0 && rate < 1, "rate must be in [0, 1), got %s", rate);
  }

  /** Dropout with a probability that a value becomes 0. */
  public static Dropout of(double rate) {
    return new Dropout(rate);
  }

  @Override
  public Shape outputShape(Shape input) {
    return input;
  }

  @Override
  public boolean anyPrecision() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    if (!context.training()) {
      return input;
    }
    Ops tf = context.tf();
    Operand<TFloat32> uniform =
        tf.random.statelessRandomUniform(tf.shape(input), context.seed(), TFloat32.class);
    Operand<TFloat32> kept =
        tf.dtypes.cast(tf.math.greaterEqual(uniform, tf.constant((float) rate)), TFloat32.class);
    // The mask depends on the input's shape, and random numbers have no gradient.
    Operand<TFloat32> mask =
        tf.stopGradient(tf.math.mul(kept, tf.constant((float) (1 / (1 - rate)))));
    return tf.dtypes.cast(tf.math.mul(tf.dtypes.cast(input, TFloat32.class), mask), input.type());
  }
}
