package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/**
 * Rescales values to another range: {@code y = x * scale + offset}, computed in float32.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input</td><td>any</td></tr>
 * <tr><td>output</td><td>as the input</td></tr>
 * </table>
 *
 * @param scale the factor
 * @param offset the offset, added after scaling; 0 by default
 */
public record Rescale(double scale, double offset) implements Layer {
  /** Checks that scale and offset are finite. */
  public Rescale {
    checkArgument(Double.isFinite(scale), "scale must be finite, got %s", scale);
    checkArgument(Double.isFinite(offset), "offset must be finite, got %s", offset);
  }

  /** Returns a multiplication by a constant. */
  public static Rescale of(double scale) {
    return new Rescale(scale, 0);
  }

  /** Returns this layer with another offset. */
  public Rescale offset(double offset) {
    return new Rescale(scale, offset);
  }

  @Override
  public Shape outputShape(Shape input) {
    return input;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    Ops tf = context.tf();
    Operand<TFloat32> x = Floats.expectFloat32(input);
    return Floats.asFloating(
        tf.math.add(tf.math.mul(x, tf.constant((float) scale)), tf.constant((float) offset)));
  }
}
