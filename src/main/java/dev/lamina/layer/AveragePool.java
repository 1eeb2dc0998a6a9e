package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

/**
 * The mean of each window. With padding same, the mean is over the places inside the image alone:
 * the added border counts neither in the sum nor in the number (PyTorch counts it unless told
 * otherwise).
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input</td><td>[height, width, channels]</td></tr>
 * <tr><td>output</td><td>[height', width', channels]; valid: floor((height - size) / stride) + 1, same: ceil(height / stride)</td></tr>
 * </table>
 *
 * @param size the height and width of the window
 * @param stride the step of the window; the size unless set
 * @param padding how the border is treated; {@link Padding#VALID} unless set
 */
public record AveragePool(int size, int stride, Padding padding) implements Layer {
  /** Checks the numbers. */
  public AveragePool {
    checkArgument(size > 0, "size must be positive, got %s", size);
    checkArgument(stride > 0, "stride must be positive, got %s", stride);
  }

  /** Windows that lie side by side. */
  public static AveragePool of(int size) {
    return new AveragePool(size, size, Padding.VALID);
  }

  /** With another stride. */
  public AveragePool stride(int stride) {
    return new AveragePool(size, stride, padding);
  }

  /** With another padding. */
  public AveragePool padding(Padding padding) {
    return new AveragePool(size, stride, padding);
  }

  @Override
  public Shape outputShape(Shape input) {
    return Pooling.outputShape("AveragePool", input, size, stride, padding);
  }

  @Override
  public boolean anyPrecision() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    return Pooling.apply(context, "AvgPool", List.of(input), size, stride, padding);
  }
}
