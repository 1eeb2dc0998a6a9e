package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TFloating;

/**
 * Adds channels of zeros before and after the others: with a pooling of size 1 and stride 2 before
 * it, the shortcut without parameters (option A) of He et al., arXiv 1512.03385, section 3.3.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input</td><td>[height, width, channels]</td></tr>
 * <tr><td>output</td><td>[height, width, before + channels + after]</td></tr>
 * </table>
 *
 * @param before the channels that are added before the others
 * @param after the channels that are added after the others
 */
public record ChannelPad(int before, int after) implements Layer {
  /** Checks that the numbers are not negative. */
  public ChannelPad {
    checkArgument(before >= 0, "before must not be negative, got %s", before);
    checkArgument(after >= 0, "after must not be negative, got %s", after);
  }

  /** Returns the padding by so many channels on either side. */
  public static ChannelPad of(int before, int after) {
    return new ChannelPad(before, after);
  }

  @Override
  public Shape outputShape(Shape input) {
    Shapes.checkImage("ChannelPad", input);
    return Shape.of(input.get(0), input.get(1), before + input.get(2) + after);
  }

  @Override
  public boolean acceptsAnyFloatType() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    Ops tf = context.tf();
    return tf.pad(
        input,
        tf.constant(new int[][] {{0, 0}, {0, 0}, {0, 0}, {before, after}}),
        tf.constant(input.type(), 0));
  }
}
