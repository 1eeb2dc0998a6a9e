package dev.lamina.augment;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/**
 * A random change of a batch of images inside the graph. A lambda over {@link Ops} is a custom
 * augmentation. One that changes the targets too, such as {@link MixUp}, is a {@link
 * BatchAugmentation}.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><th>operand</th><th>type</th><th>shape</th></tr>
 * <tr><td>images</td><td>uint8</td><td>[batch, height, width, channels]; all but the batch known when the graph is built</td></tr>
 * <tr><td>seed</td><td>int64</td><td>[2]</td></tr>
 * <tr><td>result</td><td>uint8</td><td>[batch, height, width, channels]</td></tr>
 * </table>
 *
 * <p>Every random choice is a function of the seed alone, made for each image by itself: equal
 * seeds give bit-identical pixels. The caller passes another seed at each step, such as {@code
 * {seed, step}}.
 *
 * <p>The augmentations of this package throw {@link IllegalArgumentException} when applied to
 * images whose height, width or channels are not known.
 */
public interface Augmentation extends BatchAugmentation {

  /**
   * Adds the ops that draw and apply the change.
   *
   * @param tf where the ops go
   * @param images uint8 [batch, height, width, channels]
   * @param seed int64 [2], another one for every step and every use
   * @return the changed images
   */
  Operand<TUint8> apply(Ops tf, Operand<TUint8> images, Operand<TInt64> seed);

  /** Changes the images of a batch; targets and weights stay. */
  @Override
  default Batch apply(Ops tf, Batch batch, Operand<TInt64> seed) {
    return batch.withImages(apply(tf, batch.images(), seed));
  }
}
