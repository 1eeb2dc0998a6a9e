package dev.lamina.augment;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.List;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/**
 * Cuts a window of each image's own size, at a random position, out of the image padded on all four
 * sides.
 *
 * @param padding pixels added on each side, at least 1
 * @param border what the added pixels hold
 */
public record RandomCrop(int padding, Border border) implements Augmentation {

  /** What the pixels outside an image hold. */
  public enum Border {
    /**
     * The image mirrored at its border; the outermost pixel is not repeated. Needs padding smaller
     * than the image.
     */
    REFLECT {
      @Override
      int source(int position, int size) {
        return position < 0 ? -position : position < size ? position : 2 * (size - 1) - position;
      }
    },

    /** Zeros. */
    ZERO {
      @Override
      int source(int position, int size) {
        return 0 <= position && position < size ? position : size;
      }
    },

    /** The image's outermost pixel. */
    EDGE {
      @Override
      int source(int position, int size) {
        return Math.max(0, Math.min(position, size - 1));
      }
    };

    /**
     * Returns which of {@code size} rows or columns stands at a position; {@code size} means zeros.
     */
    abstract int source(int position, int size);
  }

  /**
   * Where the windows lie in the padded images.
   *
   * @param top int32 [batch], rows above the window, 0 to twice the padding
   * @param left int32 [batch], columns left of the window, 0 to twice the padding
   */
  public record Window(Operand<TInt32> top, Operand<TInt32> left) {}

  /**
   * Creates a crop.
   *
   * @throws IllegalArgumentException if {@code padding} is less than 1
   */
  public RandomCrop {
    checkArgument(padding >= 1, "padding must be at least 1, got %s", padding);
  }

  /**
   * Returns the crop out of an image padded by its own reflection, without a repeat of the
   * outermost pixel.
   */
  public static RandomCrop reflect(int padding) {
    return new RandomCrop(padding, Border.REFLECT);
  }

  /** Returns the crop out of an image padded with zeros. */
  public static RandomCrop zero(int padding) {
    return new RandomCrop(padding, Border.ZERO);
  }

  /** Returns the crop out of an image padded by repeats of its outermost pixels. */
  public static RandomCrop edge(int padding) {
    return new RandomCrop(padding, Border.EDGE);
  }

  @Override
  public Operand<TUint8> apply(Ops tf, Operand<TUint8> images, Operand<TInt64> seed) {
    return move(tf, GatherPlan.of(tf, images), seed).images(tf);
  }

  /** Draws the windows and plans the gathering of their pixels. */
  GatherPlan move(Ops tf, GatherPlan pixels, Operand<TInt64> seed) {
    Operand<TUint8> images = pixels.images(tf);
    return cropped(tf, images, draw(tf, ImageShape.batch(tf, images), seed));
  }

  /**
   * Draws where to crop.
   *
   * @param batch the number of images, a scalar
   * @param seed int64 [2]
   */
  public Window draw(Ops tf, Operand<TInt32> batch, Operand<TInt64> seed) {
    List<Operand<TInt64>> seeds = RandomOps.split(tf, seed, 2);
    return new Window(
        RandomOps.ints(tf, batch, 0, 2 * padding, seeds.get(0)),
        RandomOps.ints(tf, batch, 0, 2 * padding, seeds.get(1)));
  }

  /**
   * Cuts out the given windows.
   *
   * @param images uint8 [batch, height, width, channels]
   * @return uint8 of the same shape
   * @throws IllegalArgumentException if the padding is a reflection as large as the image
   */
  public Operand<TUint8> crop(Ops tf, Operand<TUint8> images, Window window) {
    return cropped(tf, images, window).images(tf);
  }

  private GatherPlan cropped(Ops tf, Operand<TUint8> images, Window window) {
    ImageShape shape = ImageShape.of(images);
    checkArgument(
        border != Border.REFLECT || padding < Math.min(shape.height(), shape.width()),
        "reflect padding must be smaller than the image, got %s for %sx%s pixels",
        padding,
        shape.height(),
        shape.width());
    return new GatherPlan(
        border == Border.ZERO ? withZeros(tf, images) : images,
        positions(tf, window.top(), shape.height()),
        positions(tf, window.left(), shape.width()),
        true);
  }

  /**
   * Returns the images with one row and one column of zeros added at the end, which every position
   * outside refers to.
   */
  private static Operand<TUint8> withZeros(Ops tf, Operand<TUint8> images) {
    return tf.pad(
        images,
        tf.constant(new int[][] {{0, 0}, {0, 1}, {0, 1}, {0, 0}}),
        tf.dtypes.cast(tf.constant(0), TUint8.class));
  }

  /**
   * Returns the source of each of {@code size} rows or columns from {@code first} on: int32 [batch,
   * size].
   */
  private Operand<TInt32> positions(Ops tf, Operand<TInt32> first, int size) {
    int[] table =
        IntStream.range(-padding, size + padding).map(i -> border.source(i, size)).toArray();
    Operand<TInt32> padded =
        tf.math.add(tf.expandDims(first, tf.constant(1)), GatherPlan.range(tf, size));
    return tf.gather(tf.constant(table), padded, tf.constant(0));
  }
}
