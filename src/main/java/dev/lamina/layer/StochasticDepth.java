package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import java.util.Arrays;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TFloating;

/**
 * Stochastic depth: drops the main path of a residual block, for each example on its own (Huang et
 * al., "Deep Networks with Stochastic Depth", arXiv 1603.09382). It stands at the end of that path.
 *
 * <p>In training each example becomes 0 with probability {@code rate}, and otherwise {@code x / (1
 * - rate)}, so that the expected value is unchanged. Which one is a function of the step's seed and
 * the layer's name. In inference: {@code y = x}.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input</td><td>any</td></tr>
 * <tr><td>output</td><td>as the input</td></tr>
 * </table>
 *
 * @param rate the probability that an example becomes 0, in [0, 1)
 */
public record StochasticDepth(double rate) implements Layer {
  /** Checks that the rate is in [0, 1). */
  public StochasticDepth {
    checkArgument(rate >= 0 && rate < 1, "rate must be in [0, 1), got %s", rate);
  }

  /** Returns stochastic depth with the given rate. */
  public static StochasticDepth of(double rate) {
    return new StochasticDepth(rate);
  }

  @Override
  public Shape outputShape(Shape input) {
    return input;
  }

  @Override
  public boolean acceptsAnyFloatType() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    if (!context.training()) {
      return input;
    }
    Ops tf = context.tf();
    int[] ones = new int[input.shape().numDimensions() - 1];
    Arrays.fill(ones, 1);
    // One number for each example: [N, 1, 1, ...].
    Operand<TInt32> batch = tf.shape.take(tf.shape(input), tf.constant(1));
    Operand<TInt32> shape = tf.concat(List.of(batch, tf.constant(ones)), tf.constant(0));
    Operand<TFloat32> mask = Dropout.mask(context, rate, shape);
    return tf.math.mul(input, Floats.cast(tf, Floats.asFloating(mask), input.type()));
  }
}
