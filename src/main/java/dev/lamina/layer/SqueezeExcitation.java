package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TFloating;

/**
 * Squeeze and excitation: weights each channel by a function of the means of all channels (Hu et
 * al., "Squeeze-and-Excitation Networks", arXiv 1709.01507):
 *
 * <pre>
 * y = x * gate(expand(activation(reduce(mean of x over the image))))
 * </pre>
 *
 * where reduce and expand are 1x1 convolutions with bias.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input, output</td><td>[height, width, channels]</td></tr>
 * <tr><td>weight and bias of reduce</td><td>[1, 1, channels, squeezed], [squeezed]</td></tr>
 * <tr><td>weight and bias of expand</td><td>[1, 1, squeezed, channels], [channels]</td></tr>
 * </table>
 *
 * @param squeezed the channels between reduce and expand
 * @param activation the activation between them; ReLU by default
 * @param gate the activation after them; sigmoid by default
 * @param reduceName the name of reduce; "fc1" by default
 * @param expandName the name of expand; "fc2" by default
 */
public record SqueezeExcitation(
    int squeezed, Activation activation, Activation gate, String reduceName, String expandName)
    implements Layer {
  /** Checks that squeezed is positive and the names differ. */
  public SqueezeExcitation {
    checkArgument(squeezed > 0, "squeezed must be positive, got %s", squeezed);
    Names.check(reduceName);
    Names.check(expandName);
    checkArgument(
        !reduceName.equals(expandName),
        "reduceName and expandName must differ, got \"%s\" twice",
        reduceName);
  }

  /** Returns squeeze and excitation with ReLU and sigmoid. */
  public static SqueezeExcitation of(int squeezed) {
    return new SqueezeExcitation(squeezed, Activation.RELU, Activation.SIGMOID, "fc1", "fc2");
  }

  /** Returns this layer with other activations. */
  public SqueezeExcitation activations(Activation activation, Activation gate) {
    return new SqueezeExcitation(squeezed, activation, gate, reduceName, expandName);
  }

  /** Returns this layer with other names of the two convolutions. */
  public SqueezeExcitation names(String reduceName, String expandName) {
    return new SqueezeExcitation(squeezed, activation, gate, reduceName, expandName);
  }

  @Override
  public Shape outputShape(Shape input) {
    Shapes.checkImage("SqueezeExcitation", input);
    return input;
  }

  @Override
  public List<Child> children(Shape input) {
    int channels = Shapes.channels(input);
    return List.of(
        new Child(reduceName, Conv2d.of(squeezed, 1), Shape.of(1, 1, channels)),
        new Child(expandName, Conv2d.of(channels, 1), Shape.of(1, 1, squeezed)));
  }

  @Override
  public boolean acceptsAnyFloatType() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    Ops tf = context.tf();
    Operand<TFloating> value =
        Layers.build(context, GlobalAveragePool.create().keepDims(true), input);
    List<Child> children = children(input.shape().tail());
    for (int i = 0; i < children.size(); i++) {
      Child child = children.get(i);
      value = Layers.build(context.child(child.name()), child.layer(), value);
      value = (i == 0 ? activation : gate).apply(context, value);
    }
    return tf.math.mul(input, Floats.cast(tf, value, input.type()));
  }
}
