package dev.lamina.network;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.MapDifference;
import com.google.common.collect.Maps;
import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import dev.lamina.graph.Parameter;
import dev.lamina.layer.Activation;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Layers;
import dev.lamina.layer.Sequential;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TFloating;

/**
 * The architecture of an image classifier: an immutable value without weights. The input is uint8
 * [N, height, width, channels], scaled to float32 in [0, 1] before the first layer; the last layer
 * outputs one logit per class.
 *
 * <pre>{@code
 * Network network =
 *     Network.input(32, 32, 3)
 *         .then(Conv2d.of(16, 3), BatchNorm.create(), Activation.RELU)
 *         .then(GlobalAveragePool.create(), Dense.of(10));
 * }</pre>
 *
 * @param name the name in tables
 * @param height the height of the input in pixels
 * @param width the width of the input in pixels
 * @param channels the channels of the input, 3 for RGB
 * @param body the layers
 */
public record Network(String name, int height, int width, int channels, Sequential body) {
  /** Checks that height, width and channels are positive. */
  public Network {
    checkArgument(height > 0, "height must be positive, got %s", height);
    checkArgument(width > 0, "width must be positive, got %s", width);
    checkArgument(channels > 0, "channels must be positive, got %s", channels);
  }

  /** Returns a network without layers, for images of this shape. */
  public static Network input(int height, int width, int channels) {
    return new Network("Network", height, width, channels, Sequential.of());
  }

  /** Returns this network with another name; "Network" unless set. */
  public Network name(String name) {
    return new Network(name, height, width, channels, body);
  }

  /** Returns this network with more layers, each named after its index. */
  public Network then(Layer... layers) {
    Sequential longer = body;
    for (Layer layer : layers) {
      longer = longer.then(layer);
    }
    return new Network(name, height, width, channels, longer);
  }

  /** Returns this network with one more layer of the given name. */
  public Network then(String name, Layer layer) {
    return new Network(this.name, height, width, channels, body.then(name, layer));
  }

  /** Returns this network with other layers. */
  public Network withBody(Sequential body) {
    return new Network(name, height, width, channels, body);
  }

  /**
   * Returns this network for images of another size, with the same parameters and outputs.
   *
   * @throws IllegalArgumentException if a layer does not accept that size, or has parameters whose
   *     shape depends on it, as those of a {@code Dense} after {@code Flatten}
   */
  public Network inputSize(int height, int width) {
    Network other = new Network(name, height, width, channels, body);
    MapDifference<String, Shape> difference = Maps.difference(shapes(), other.shapes());
    checkArgument(
        difference.areEqual(),
        "input size must leave the parameters as they are, %s x %s changes them (%s)",
        height,
        width,
        difference);
    checkArgument(
        classes() == other.classes(),
        "input size must leave the %s classes as they are, %s x %s makes them %s",
        classes(),
        height,
        width,
        other.classes());
    return other;
  }

  private Map<String, Shape> shapes() {
    return Maps.transformValues(parameters(), Parameter::shape);
  }

  /** Returns the parameters by full name, in the order of the layers. */
  public Map<String, Parameter> parameters() {
    return Layers.parameters(body, inputShape());
  }

  /** Returns the shape of one image. */
  public Shape inputShape() {
    return Shape.of(height, width, channels);
  }

  /**
   * Returns the number of classes.
   *
   * @throws IllegalArgumentException if a layer does not accept the output of the one before it, or
   *     the output of the last is not a vector, or is a softmax
   */
  public int classes() {
    Shape output = body.outputShape(inputShape());
    checkArgument(
        output.numDimensions() == 1,
        "output of the network must be [classes], got %s; end it with GlobalAveragePool and Dense",
        output);
    checkArgument(
        Layers.steps(body)
                .filter(layer -> !(layer instanceof Dropout))
                .reduce((before, last) -> last)
                .orElse(body)
            != Activation.SOFTMAX,
        "output of the network must be logits, got those of SOFTMAX; leave it out, losses and predictions apply it");
    return Math.toIntExact(output.get(0));
  }

  /** Returns the MACs of the forward pass of one image. */
  public long macs() {
    return Layers.nodes(body, inputShape()).stream().mapToLong(Layers.LayerNode::macs).sum();
  }

  /** Returns a table of the layers with output shapes, parameters and MACs. */
  public String summary() {
    return summary(Integer.MAX_VALUE);
  }

  /** Returns the table with two lines for each layer if one would be longer than this. */
  public String summary(int columns) {
    return Summary.of(this, columns);
  }

  /** Adds a placeholder for a batch of images, uint8 [N, height, width, channels]. */
  public Placeholder<TUint8> images(Ops tf) {
    return tf.withName("images")
        .placeholder(TUint8.class, Placeholder.shape(inputShape().prepend(Shape.UNKNOWN_SIZE)));
  }

  /**
   * Builds the network into a graph.
   *
   * @param images uint8 [N, height, width, channels]
   * @return the logits, [N, classes]
   */
  public Operand<TFloat32> apply(Context context, Operand<TUint8> images) {
    Ops scale = context.tf().withSubScope("scale");
    Operand<TFloating> scaled = Floats.asFloating(Floats.scaled(scale, images));
    Operand<TFloating> logits = Layers.build(context, body, scaled);
    return Floats.expectFloat32(Floats.cast(context.tf(), logits, TFloat32.class));
  }
}
