package dev.lamina.layer;

import dev.lamina.graph.Context;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.math.Mean;
import org.tensorflow.types.family.TFloating;

/**
 * Global average pooling: the mean of each channel over the whole image.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input</td><td>[height, width, channels]</td></tr>
 * <tr><td>output</td><td>[channels]; with keepDims [1, 1, channels]</td></tr>
 * </table>
 *
 * @param keepDims whether the output is still an image, of one pixel; false by default
 */
public record GlobalAveragePool(boolean keepDims) implements Layer {
  /** Returns a global average pooling to a vector. */
  public static GlobalAveragePool create() {
    return new GlobalAveragePool(false);
  }

  /** Returns this layer with an image of one pixel as its output, or with a vector. */
  public GlobalAveragePool keepDims(boolean keepDims) {
    return new GlobalAveragePool(keepDims);
  }

  @Override
  public Shape outputShape(Shape input) {
    Shapes.checkImage("GlobalAveragePool", input);
    return keepDims ? Shape.of(1, 1, input.get(2)) : Shape.of(input.get(2));
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    return context
        .tf()
        .math
        .mean(input, context.tf().constant(new int[] {1, 2}), Mean.keepDims(keepDims));
  }
}
