package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.ImmutableDoubleArray;
import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import java.util.function.IntToDoubleFunction;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/**
 * Normalises each channel with constants: {@code y = (x - mean) / deviation}. Images reach a
 * network scaled to [0, 1], so the constants are in that scale.
 *
 * @param mean the mean of each channel
 * @param deviation the standard deviation of each channel
 */
public record Normalize(ImmutableDoubleArray mean, ImmutableDoubleArray deviation)
    implements Layer {
  /** Checks the constants. */
  public Normalize {
    checkArgument(
        mean.length() == deviation.length() && mean.length() > 0,
        "mean and deviation must have one value for each channel, got %s and %s values",
        mean.length(),
        deviation.length());
    deviation.forEach(
        value -> checkArgument(value > 0, "deviation must be positive, got %s", value));
  }

  /** A normalisation with one mean and one standard deviation for each channel. */
  public static Normalize of(double[] mean, double[] deviation) {
    return new Normalize(ImmutableDoubleArray.copyOf(mean), ImmutableDoubleArray.copyOf(deviation));
  }

  @Override
  public Shape outputShape(Shape input) {
    checkArgument(
        Shapes.channels(input) == mean.length(),
        "channels of Normalize must be %s, got %s",
        mean.length(),
        Shapes.channels(input));
    return input;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    Ops tf = context.tf();
    Operand<TFloat32> x = Floats.float32(input);
    Operand<TFloat32> scale = alongRows(tf, input.shape(), i -> 1 / deviation.get(i));
    Operand<TFloat32> shift = alongRows(tf, input.shape(), i -> -mean.get(i) / deviation.get(i));
    return Floats.wide(tf.math.add(tf.math.mul(x, scale), shift));
  }

  /**
   * Constants of a whole row of pixels where there are rows. Broadcasting one value for each of a
   * few channels takes several times as long.
   */
  private Operand<TFloat32> alongRows(Ops tf, Shape input, IntToDoubleFunction ofChannel) {
    int from = Math.max(1, input.numDimensions() - 2);
    Shape shape = input.subShape(from, input.numDimensions());
    float[] values = new float[Math.toIntExact(shape.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) ofChannel.applyAsDouble(i % mean.length());
    }
    return tf.constant(shape, DataBuffers.of(values));
  }
}
