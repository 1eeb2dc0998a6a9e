package dev.lamina.layer;

import dev.lamina.graph.Context;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

/**
 * Global average pooling: the mean of each channel over the whole image.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input</td><td>[height, width, channels]</td></tr>
 * <tr><td>output</td><td>[channels]</td></tr>
 * </table>
 */
public record GlobalAveragePool() implements Layer {
  /** Returns a global average pooling. */
  public static GlobalAveragePool create() {
    return new GlobalAveragePool();
  }

  @Override
  public Shape outputShape(Shape input) {
    Shapes.checkImage("GlobalAveragePool", input);
    return Shape.of(input.get(2));
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    return context.tf().math.mean(input, context.tf().constant(new int[] {1, 2}));
  }
}
