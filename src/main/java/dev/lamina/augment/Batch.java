package dev.lamina.augment;

import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * A batch of training examples inside the graph.
 *
 * @param images uint8 [N, height, width, channels], each 0 to 255
 * @param targets float32 [N, classes]: one-hot classes, or a distribution over the classes
 * @param weights float32 [N]: how much each example counts in the loss and in the metrics; 1 unless
 *     something sets it. None may be negative, and one of each batch must be positive, since its
 *     loss is divided by their sum
 * @param origin which images of the set these are, in which epoch
 */
public record Batch(
    Operand<TUint8> images, Operand<TFloat32> targets, Operand<TFloat32> weights, Origin origin) {

  /** Returns this batch with other images. */
  public Batch withImages(Operand<TUint8> images) {
    return new Batch(images, targets, weights, origin);
  }

  /** Returns this batch with other targets. */
  public Batch withTargets(Operand<TFloat32> targets) {
    return new Batch(images, targets, weights, origin);
  }

  /** Returns this batch with other weights. */
  public Batch withWeights(Operand<TFloat32> weights) {
    return new Batch(images, targets, weights, origin);
  }
}
