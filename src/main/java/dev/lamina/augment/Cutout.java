package dev.lamina.augment;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/**
 * Covers a square of each image with one shade. The centre is any pixel of the image, so that the
 * square may stick out at the border and cover less. A square of even size reaches one pixel
 * further up and left of its centre than down and right.
 *
 * <p>Source: DeVries and Taylor, <a href="https://arxiv.org/abs/1708.04552">Improved Regularization
 * of Convolutional Neural Networks with Cutout</a>, 2017.
 *
 * @param size the side of the square in pixels, at least 1
 * @param fill the value of every channel inside the square, 0 to 255; 128 (grey) by default
 */
public record Cutout(int size, int fill) implements Augmentation {

  /**
   * The pixels that the squares are centred on.
   *
   * @param row int32 [batch]
   * @param column int32 [batch]
   */
  public record Centre(Operand<TInt32> row, Operand<TInt32> column) {}

  /**
   * Creates a cutout.
   *
   * @throws IllegalArgumentException if {@code size} is less than 1 or {@code fill} not in 0..255
   */
  public Cutout {
    checkArgument(size >= 1, "size must be at least 1, got %s", size);
    checkArgument(0 <= fill && fill <= 255, "fill must lie in 0..255, got %s", fill);
  }

  /** Returns the cutout of a grey square with a side of {@code size} pixels. */
  public static Cutout of(int size) {
    return new Cutout(size, 128);
  }

  /** Returns this cutout with another shade, 0 to 255. */
  public Cutout fill(int shade) {
    return new Cutout(size, shade);
  }

  @Override
  public Operand<TUint8> apply(Ops tf, Operand<TUint8> images, Operand<TInt64> seed) {
    ImageShape shape = ImageShape.of(images);
    Operand<TInt32> batch = ImageShape.batch(tf, images);
    return cut(tf, images, draw(tf, batch, shape.height(), shape.width(), seed));
  }

  /**
   * Draws where to cut.
   *
   * @param batch the number of images, a scalar
   * @param height rows of an image
   * @param width columns of an image
   * @param seed int64 [2]
   */
  public Centre draw(Ops tf, Operand<TInt32> batch, int height, int width, Operand<TInt64> seed) {
    List<Operand<TInt64>> seeds = RandomOps.split(tf, seed, 2);
    return new Centre(
        RandomOps.ints(tf, batch, 0, height - 1, seeds.get(0)),
        RandomOps.ints(tf, batch, 0, width - 1, seeds.get(1)));
  }

  /**
   * Covers the squares around the given centres.
   *
   * @param images uint8 [batch, height, width, channels]
   * @return uint8 of the same shape
   */
  public Operand<TUint8> cut(Ops tf, Operand<TUint8> images, Centre centre) {
    Operand<TInt32> side = tf.fill(tf.shape(centre.row()), tf.constant(size));
    Operand<TInt32> half = tf.constant(size / 2);
    return new Rectangles(
            tf.math.sub(centre.row(), half), tf.math.sub(centre.column(), half), side, side)
        .cover(tf, images, fill);
  }
}
