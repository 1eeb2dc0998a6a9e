package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/**
 * Average pooling: the mean of each window. With padding {@code SAME}, padded positions are
 * excluded from sum and count, as in Keras ({@code count_include_pad=False} in PyTorch). There is
 * no padding {@code HALF}.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input</td><td>[height, width, channels]</td></tr>
 * <tr><td>output</td><td>[height', width', channels]; valid: floor((height - size) / stride) + 1, same: ceil(height / stride)</td></tr>
 * </table>
 *
 * @param size the height and width of the window
 * @param stride the step between windows; {@code size} by default
 * @param padding how the border is treated; {@link Padding#VALID} by default
 */
public record AveragePool(int size, int stride, Padding padding) implements Layer {
  /** Checks that size and stride are positive, and that the padding is not {@code HALF}. */
  public AveragePool {
    checkArgument(size > 0, "size must be positive, got %s", size);
    checkArgument(stride > 0, "stride must be positive, got %s", stride);
    checkArgument(
        padding != Padding.HALF, "padding of AveragePool must be SAME or VALID, got %s", padding);
  }

  /** Returns a pooling with adjacent windows: the stride is the size. */
  public static AveragePool of(int size) {
    return new AveragePool(size, size, Padding.VALID);
  }

  /** Returns this layer with another stride. */
  public AveragePool stride(int stride) {
    return new AveragePool(size, stride, padding);
  }

  /** Returns this layer with another padding. */
  public AveragePool padding(Padding padding) {
    return new AveragePool(size, stride, padding);
  }

  @Override
  public Shape outputShape(Shape input) {
    return Pooling.outputShape("AveragePool", input, size, stride, padding);
  }

  @Override
  public boolean acceptsAnyFloatType() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    // TensorFlow's own kernel adds up bfloat16 in bfloat16, where long sums stop growing.
    boolean upcast = size > 8 && TBfloat16.class.equals(input.type());
    Ops tf = context.tf();
    Operand<TFloating> added = upcast ? Floats.cast(tf, input, TFloat32.class) : input;
    return Floats.cast(
        tf, Pooling.apply(context, "AvgPool", List.of(added), size, stride, padding), input.type());
  }
}
