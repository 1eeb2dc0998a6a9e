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
 * Normalises each channel with constants: {@code y = (x - mean) / std}, computed in float32. Images
 * are scaled to [0, 1] before the first layer, so the constants must be in that scale.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input</td><td>[height, width, channels] or [channels]</td></tr>
 * <tr><td>mean, std</td><td>[channels]</td></tr>
 * <tr><td>output</td><td>as the input</td></tr>
 * </table>
 *
 * @param mean the mean of each channel, finite
 * @param std the standard deviation of each channel, positive and finite
 */
public record Normalize(ImmutableDoubleArray mean, ImmutableDoubleArray std) implements Layer {
  /** Checks that both have the same length, at least 1, and finite values, std positive ones. */
  public Normalize {
    checkArgument(
        mean.length() == std.length() && mean.length() > 0,
        "mean and std must have one value for each channel, got %s and %s values",
        mean.length(),
        std.length());
    std.forEach(value -> checkArgument(value > 0, "std must be positive, got %s", value));
    std.forEach(value -> checkFinite("std", value));
    mean.forEach(value -> checkFinite("mean", value));
  }

  private static void checkFinite(String name, double value) {
    checkArgument(Double.isFinite(value), "%s must be finite, got %s", name, value);
  }

  /** Returns a normalisation with one mean and one standard deviation per channel. */
  public static Normalize of(double[] mean, double[] std) {
    return new Normalize(ImmutableDoubleArray.copyOf(mean), ImmutableDoubleArray.copyOf(std));
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
    Operand<TFloat32> x = Floats.expectFloat32(input);
    Operand<TFloat32> scale = alongRows(tf, input.shape(), i -> 1 / std.get(i));
    Operand<TFloat32> shift = alongRows(tf, input.shape(), i -> -mean.get(i) / std.get(i));
    return Floats.asFloating(tf.math.add(tf.math.mul(x, scale), shift));
  }

  /**
   * Repeats one value per channel along a row of pixels, if there are rows: broadcasting along a
   * dimension of only a few channels is several times slower.
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
