package dev.lamina.augment;

import static com.google.common.base.Preconditions.checkArgument;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/**
 * Shifts each image up or down and left or right by whole pixels; the pixels that come into view
 * are zero. Equivalent to a {@linkplain RandomCrop#zero crop out of the zero-padded image}.
 *
 * @param max the largest shift in pixels, at least 1
 */
public record RandomTranslate(int max) implements Augmentation {

  /**
   * How far each image is shifted.
   *
   * @param down int32 [batch], rows, negative for up
   * @param right int32 [batch], columns, negative for left
   */
  public record Shift(Operand<TInt32> down, Operand<TInt32> right) {}

  /**
   * Creates a shift.
   *
   * @throws IllegalArgumentException if {@code max} is less than 1
   */
  public RandomTranslate {
    checkArgument(max >= 1, "max must be at least 1, got %s", max);
  }

  /** Returns shifts of up to {@code max} pixels each way. */
  public static RandomTranslate of(int max) {
    return new RandomTranslate(max);
  }

  @Override
  public Operand<TUint8> apply(Ops tf, Operand<TUint8> images, Operand<TInt64> seed) {
    return translate(tf, images, draw(tf, ImageShape.batch(tf, images), seed));
  }

  /**
   * Draws the shifts.
   *
   * @param batch the number of images, a scalar
   * @param seed int64 [2]
   */
  public Shift draw(Ops tf, Operand<TInt32> batch, Operand<TInt64> seed) {
    RandomCrop.Window window = RandomCrop.zero(max).draw(tf, batch, seed);
    Operand<TInt32> centre = tf.constant(max);
    return new Shift(tf.math.sub(centre, window.top()), tf.math.sub(centre, window.left()));
  }

  /**
   * Shifts the images.
   *
   * @param images uint8 [batch, height, width, channels]
   * @return uint8 of the same shape
   */
  public Operand<TUint8> translate(Ops tf, Operand<TUint8> images, Shift shift) {
    Operand<TInt32> centre = tf.constant(max);
    RandomCrop.Window window =
        new RandomCrop.Window(
            tf.math.sub(centre, shift.down()), tf.math.sub(centre, shift.right()));
    return RandomCrop.zero(max).crop(tf, images, window);
  }
}
