package dev.lamina.layer;

import dev.lamina.graph.Context;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

/**
 * Flattens an example to a vector in row-major order. PyTorch goes through [channels, height,
 * width]; files in its layout are reordered when they are read or written.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input</td><td>any, such as [height, width, channels]</td></tr>
 * <tr><td>output</td><td>[product of the dimensions], such as [height * width * channels]</td></tr>
 * </table>
 */
public record Flatten() implements Layer {
  /** Returns a flattening layer. */
  public static Flatten create() {
    return new Flatten();
  }

  @Override
  public Shape outputShape(Shape input) {
    return Shape.of(input.size());
  }

  @Override
  public boolean acceptsAnyFloatType() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    if (input.shape().numDimensions() == 2) {
      return input;
    }
    long size = input.shape().tail().size();
    return context.tf().reshape(input, context.tf().constant(new long[] {-1, size}));
  }
}
