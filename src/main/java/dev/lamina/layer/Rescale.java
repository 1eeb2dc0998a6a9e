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
 * Moves values to another range: {@code y = x * scale + offset}.
 *
 * @param scale the factor
 * @param offset what is added after; 0 unless set
 */
public record Rescale(double scale, double offset) implements Layer {
  /** Checks the numbers. */
  public Rescale {
    checkArgument(Double.isFinite(scale), "scale must be finite, got %s", scale);
    checkArgument(Double.isFinite(offset), "offset must be finite, got %s", offset);
  }

  /** A multiplication with a constant. */
  public static Rescale of(double scale) {
    return new Rescale(scale, 0);
  }

  /** With something added after the multiplication. */
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
    Operand<TFloat32> x = Floats.float32(input);
    return Floats.wide(
        tf.math.add(tf.math.mul(x, tf.constant((float) scale)), tf.constant((float) offset)));
  }
}
