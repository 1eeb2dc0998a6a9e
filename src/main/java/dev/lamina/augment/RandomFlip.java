package dev.lamina.augment;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
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
    return move(tf, GatherPlan.of(tf, images), seed).images(tf);
  }

  /** Draws the flips and adds them to the plan. */
  GatherPlan move(Ops tf, GatherPlan pixels, Operand<TInt64> seed) {
    return flipped(tf, pixels, draw(tf, ImageShape.batch(tf, pixels.source()), seed));
  }

  /**
   * Draws which images to flip.
   *
   * @param batch the number of images, a scalar
   * @param seed int64 [2]
   * @return int32 [batch], 1 for an image to flip and else 0
   */
  public Operand<TInt32> draw(Ops tf, Operand<TInt32> batch, Operand<TInt64> seed) {
    return RandomOps.ints(tf, batch, 0, 1, seed);
  }

  /**
   * Flips the images for which {@code flip} is 1.
   *
   * @param images uint8 [batch, height, width, channels]
   * @param flip int32 [batch], 0 or 1
   * @return uint8 of the same shape as the images
   */
  public Operand<TUint8> flip(Ops tf, Operand<TUint8> images, Operand<TInt32> flip) {
    return flipped(tf, GatherPlan.of(tf, images), flip).images(tf);
  }

  /** Adds flips to a plan; {@code flip} is int32 [batch], 0 or 1. */
  static GatherPlan flipped(Ops tf, GatherPlan pixels, Operand<TInt32> flip) {
    Operand<TInt32> mirrored = tf.reverse(pixels.columns(), tf.constant(new int[] {1}));
    Operand<TBool> flips = tf.math.equal(tf.expandDims(flip, tf.constant(1)), tf.constant(1));
    Operand<TInt32> columns = tf.select(flips, mirrored, pixels.columns());
    return new GatherPlan(pixels.source(), pixels.rows(), columns, true);
  }
}
