package dev.lamina.step;

import dev.lamina.augment.Batch;
import dev.lamina.data.Resize;
import dev.lamina.network.Network;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * Images of a batch that are made smaller before the network, for progressive resizing: training
 * with small images first takes less time (used by fast.ai in DAWNBench 2018; Tan and Le,
 * "EfficientNetV2", arXiv 2104.00298, section 4). Each pixel has the bits that {@link
 * Resize#stretch(int, int)} gives it: sums of products of whole numbers below 2^24 are exact in
 * float32.
 */
public final class ScaledImages {
  private ScaledImages() {}

  /**
   * Returns a network for images whose sides are multiplied by a scale, with the same parameters.
   *
   * @throws IllegalArgumentException if the network cannot take such images
   */
  public static Network network(Network network, double scale) {
    if (scale == 1) {
      return network;
    }
    try {
      return network.inputSize(scaled(network.height(), scale), scaled(network.width(), scale));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "imageScales must suit the network %s, got %s: %s"
              .formatted(network.name(), scale, e.getMessage()),
          e);
    }
  }

  private static int scaled(long side, double scale) {
    return Math.max(1, (int) Math.round(side * scale));
  }

  /**
   * Returns a batch with the sides of its images multiplied by a scale.
   *
   * @param root operations on the host, as for all images of bytes: a GPU would round the weights
   */
  static Batch of(Ops root, Batch batch, double scale) {
    if (scale == 1) {
      return batch;
    }
    Ops tf = root.withSubScope("image_scale");
    int height = (int) batch.images().shape().get(1);
    int width = (int) batch.images().shape().get(2);
    Resize resize = Resize.stretch(scaled(height, scale), scaled(width, scale));
    Operand<TFloat32> rows = tf.constant(resize.rowWeights(height, width));
    Operand<TFloat32> columns = tf.constant(resize.columnWeights(height, width));
    Operand<TFloat32> images = tf.dtypes.cast(batch.images(), TFloat32.class);
    Operand<TFloat32> narrow = levels(tf, "xw,nhwc->nhxc", columns, images);
    Operand<TFloat32> small = levels(tf, "yh,nhxc->nyxc", rows, narrow);
    return batch.withImages(tf.dtypes.cast(small, TUint8.class));
  }

  /**
   * Returns weighted sums, rounded to whole numbers as {@link Resize} rounds. None leaves 0 to 255:
   * no weight of a bilinear filter is negative.
   */
  private static Operand<TFloat32> levels(
      Ops tf, String equation, Operand<TFloat32> weights, Operand<TFloat32> images) {
    float one = Resize.WEIGHTS_SUM;
    Operand<TFloat32> sums = tf.linalg.einsum(List.of(weights, images), equation);
    return tf.math.floor(
        tf.math.mul(tf.math.add(sums, tf.constant(one / 2)), tf.constant(1 / one)));
  }
}
