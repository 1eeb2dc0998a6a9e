package dev.lamina.model;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Layers;
import dev.lamina.layer.Sequential;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TFloating;

/**
 * The architecture of an image classifier: a value without weights. Images come in as uint8 [N,
 * height, width, channels]; the first layer sees them as float32 scaled to [0, 1]; the last layer
 * gives one logit for each class.
 *
 * @param name what the network is called in tables
 * @param height the height of an image
 * @param width the width of an image
 * @param channels the channels of an image, 3 for RGB
 * @param body the layers
 */
public record Network(String name, int height, int width, int channels, Sequential body) {
  /** Checks the shape of an image. */
  public Network {
    checkArgument(height > 0, "height must be positive, got %s", height);
    checkArgument(width > 0, "width must be positive, got %s", width);
    checkArgument(channels > 0, "channels must be positive, got %s", channels);
  }

  /** A network without layers, for images of this shape. */
  public static Network input(int height, int width, int channels) {
    return new Network("Network", height, width, channels, Sequential.of());
  }

  /** With another name; "Network" unless set. */
  public Network name(String name) {
    return new Network(name, height, width, channels, body);
  }

  /** With more layers, each named after its place. */
  public Network then(Layer... layers) {
    Sequential longer = body;
    for (Layer layer : layers) {
      longer = longer.then(layer);
    }
    return new Network(name, height, width, channels, longer);
  }

  /** With one more layer of the given name. */
  public Network then(String name, Layer layer) {
    return new Network(this.name, height, width, channels, body.then(name, layer));
  }

  /** The shape of one image. */
  public Shape inputShape() {
    return Shape.of(height, width, channels);
  }

  /**
   * The number of classes.
   *
   * @throws IllegalArgumentException where a layer cannot take what the one before it gives, or the
   *     last gives no vector
   */
  public int classes() {
    Shape output = body.outputShape(inputShape());
    checkArgument(
        output.numDimensions() == 1,
        "output of the network must be [classes], got %s; end it with GlobalAveragePool and Dense",
        output);
    return Math.toIntExact(output.get(0));
  }

  /** The multiplications with addition that one image takes, forward. */
  public long multiplyAdds() {
    return Layers.leaves(body, inputShape()).stream().mapToLong(Layers.Leaf::multiplyAdds).sum();
  }

  /** A table of the layers with output shapes, parameters and multiply-adds. */
  public String summary() {
    return Summary.of(this);
  }

  /**
   * Wires the network into a graph.
   *
   * @param images uint8 [N, height, width, channels]
   * @return the logits, [N, classes]
   */
  public Operand<TFloat32> apply(Context context, Operand<TUint8> images) {
    Ops scale = context.tf().withSubScope("scale");
    Operand<TFloating> scaled = Floats.wide(Floats.scaled(scale, images));
    Operand<TFloating> logits = Layers.build(context, body, scaled);
    return Floats.float32(Floats.cast(context.tf(), logits, TFloat32.class));
  }
}
