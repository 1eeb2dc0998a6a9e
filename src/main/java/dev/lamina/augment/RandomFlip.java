package dev.lamina.augment;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/** Mirrors each image left to right with probability one half. */
public record RandomFlip() implements Augmentation {

  /** Returns the flip around the vertical axis. */
  public static RandomFlip horizontal() {
    return new RandomFlip();
  }

  @Override
  public Operand<TUint8> apply(Ops tf, Operand<TUint8> images, Operand<TInt64> seed) {
    return flip(tf, images, draw(tf, ImageShape.batch(tf, images), seed));
  }

  /**
   * Draws which images to flip.
   *
   * @param batch the number of images, a scalar
   * @param seed int64 [2]
   * @return int32 [batch], 1 for an image to flip and else 0
   */
  public Operand<TInt32> draw(Ops tf, Operand<TInt32> batch, Operand<TInt64> seed) {
    return Draws.ints(tf, batch, 0, 1, seed);
  }

  /**
   * Flips the images for which {@code flip} is 1.
   *
   * @param images uint8 [batch, height, width, channels]
   * @param flip int32 [batch], 0 or 1
   */
  public Operand<TUint8> flip(Ops tf, Operand<TUint8> images, Operand<TInt32> flip) {
    ImageShape shape = ImageShape.of(images);
    Operand<TInt32> columns = Pixels.range(tf, shape.width());
    Operand<TInt32> toMirror =
        tf.math.sub(tf.constant(shape.width() - 1), tf.math.mul(columns, tf.constant(2)));
    Operand<TInt32> flipped =
        tf.math.add(columns, tf.math.mul(tf.expandDims(flip, tf.constant(1)), toMirror));
    return Pixels.pick(tf, images, Pixels.range(tf, shape.height()), flipped);
  }
}
