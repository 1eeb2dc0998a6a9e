package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TFloating;

/**
 * Inverted dropout (Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from
 * Overfitting", 2014).
 *
 * <p>In training each element independently becomes 0 with probability {@code rate}, and otherwise
 * {@code x / (1 - rate)}, so that the expected value is unchanged. The mask is a function of the
 * step's seed and the layer's name. In inference: {@code y = x}.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input</td><td>any</td></tr>
 * <tr><td>output</td><td>as the input</td></tr>
 * </table>
 *
 * @param rate the probability that an element becomes 0, in [0, 1)
 */
public record Dropout(double rate) implements Layer {
  /** Checks that the rate is in [0, 1). */
  public Dropout {
    checkArgument(rate >= 0 && rate < 1, "rate must be in [0, 1), got %s", rate);
  }

  /** Returns a dropout with the given rate. */
  public static Dropout of(double rate) {
    return new Dropout(rate);
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
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    if (!context.training()) {
      return input;
    }
    Ops tf = context.tf();
    Operand<TFloat32> mask = mask(context, rate, tf.shape(input));
    return tf.dtypes.cast(tf.math.mul(tf.dtypes.cast(input, TFloat32.class), mask), input.type());
  }

  /** Draws a mask of a shape: 0 with probability {@code rate}, else 1 / (1 - rate). */
  static Operand<TFloat32> mask(Context context, double rate, Operand<TInt32> shape) {
    Ops tf = context.tf();
    Operand<TFloat32> uniform =
        tf.random.statelessRandomUniform(shape, context.seed(), TFloat32.class);
    Operand<TFloat32> kept =
        tf.dtypes.cast(tf.math.greaterEqual(uniform, tf.constant((float) rate)), TFloat32.class);
    // TensorFlow has no gradient for random ops, which the mask reaches through the input's shape.
    return tf.stopGradient(tf.math.mul(kept, tf.constant((float) (1 / (1 - rate)))));
  }
}
