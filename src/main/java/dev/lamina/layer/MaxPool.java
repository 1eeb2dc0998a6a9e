package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Backward;
import dev.lamina.graph.Context;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

/**
 * Max pooling: the maximum of each window. Padded positions are never the maximum.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input</td><td>[height, width, channels]</td></tr>
 * <tr><td>output</td><td>[height', width', channels]; valid: floor((height - size) / stride) + 1, same: ceil(height / stride), half: floor((height + 2 floor(size / 2) - size) / stride) + 1</td></tr>
 * </table>
 *
 * @param size the height and width of the window
 * @param stride the step of the window; the size unless set
 * @param padding how the border is treated; {@link Padding#VALID} unless set
 */
public record MaxPool(int size, int stride, Padding padding) implements Layer {
  /** Checks that size and stride are positive. */
  public MaxPool {
    checkArgument(size > 0, "size must be positive, got %s", size);
    checkArgument(stride > 0, "stride must be positive, got %s", stride);
  }

  /** Returns a pooling whose windows do not overlap. */
  public static MaxPool of(int size) {
    return new MaxPool(size, size, Padding.VALID);
  }

  /** Returns this layer with another stride. */
  public MaxPool stride(int stride) {
    return new MaxPool(size, stride, padding);
  }

  /** Returns this layer with another padding. */
  public MaxPool padding(Padding padding) {
    return new MaxPool(size, stride, padding);
  }

  @Override
  public Shape outputShape(Shape input) {
    return Pooling.outputShape("MaxPool", input, size, stride, padding);
  }

  @Override
  public boolean acceptsAnyFloatType() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    // TensorFlow's own gradient, but of an input that may be rematerialised.
    Operand<TFloating> x = Shapes.pad(context.tf(), input, size, padding, Double.NEGATIVE_INFINITY);
    Operand<TFloating> y = pool(context, "MaxPool", List.of(x));
    Backward backward = context.backward();
    return backward.withGradient(
        List.of(x),
        y,
        dy ->
            List.of(pool(context, "MaxPoolGrad", List.of(backward.rematerialized(x, dy), y, dy))));
  }

  private Operand<TFloating> pool(
      Context context, String operation, List<Operand<TFloating>> inputs) {
    return Pooling.apply(context, operation, inputs, size, stride, padding);
  }
}
