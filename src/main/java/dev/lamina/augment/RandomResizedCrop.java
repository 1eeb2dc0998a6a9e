package dev.lamina.augment;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Gather;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TNumber;

/**
 * Scales a random part of each image to the size of the image: for photographs, in which things
 * appear in many sizes. The part has a uniformly drawn share of the area and a proportion whose
 * logarithm is drawn uniformly; a side that would be longer than the image's is as long as it. Its
 * place is uniform. Between pixels it is interpolated linearly.
 *
 * <p>Source: Szegedy et al., <a href="https://arxiv.org/abs/1409.4842">Going Deeper with
 * Convolutions</a>, 2014, section 6; the defaults are torchvision's.
 *
 * @param minArea the least share of the area, in (0, 1]; 0.08 by default
 * @param maxRatio the largest width / height, and the inverse of the least, at least 1; 4/3 by
 *     default
 */
public record RandomResizedCrop(double minArea, double maxRatio) implements Augmentation {

  /**
   * The parts to scale, in pixels.
   *
   * @param top float32 [batch]
   * @param left float32 [batch]
   * @param height float32 [batch]
   * @param width float32 [batch]
   */
  public record Part(
      Operand<TFloat32> top,
      Operand<TFloat32> left,
      Operand<TFloat32> height,
      Operand<TFloat32> width) {}

  /**
   * Creates the augmentation.
   *
   * @throws IllegalArgumentException if {@code minArea} is not in (0, 1] or {@code maxRatio} is
   *     less than 1 or infinite
   */
  public RandomResizedCrop {
    checkArgument(minArea > 0 && minArea <= 1, "minArea must be in (0, 1], got %s", minArea);
    checkArgument(maxRatio >= 1, "maxRatio must be at least 1, got %s", maxRatio);
    checkArgument(Double.isFinite(maxRatio), "maxRatio must be finite, got %s", maxRatio);
  }

  /** Returns crops of 8 to 100 % of the area, with proportions from 3:4 to 4:3. */
  public static RandomResizedCrop create() {
    return new RandomResizedCrop(0.08, 4.0 / 3);
  }

  /** Returns this augmentation with another least share of the area. */
  public RandomResizedCrop minArea(double share) {
    return new RandomResizedCrop(share, maxRatio);
  }

  /** Returns this augmentation with another largest proportion. */
  public RandomResizedCrop maxRatio(double ratio) {
    return new RandomResizedCrop(minArea, ratio);
  }

  @Override
  public Operand<TUint8> apply(Ops tf, Operand<TUint8> images, Operand<TInt64> seed) {
    ImageShape shape = ImageShape.of(images);
    Operand<TInt32> batch = ImageShape.batch(tf, images);
    return scale(tf, images, draw(tf, batch, shape.height(), shape.width(), seed));
  }

  /**
   * Draws the parts.
   *
   * @param batch the number of images, a scalar
   * @param height rows of an image
   * @param width columns of an image
   * @param seed int64 [2]
   */
  public Part draw(Ops tf, Operand<TInt32> batch, int height, int width, Operand<TInt64> seed) {
    List<Operand<TInt64>> seeds = RandomOps.split(tf, seed, 4);
    double log = Math.log(maxRatio);
    Operand<TFloat32> area =
        tf.math.mul(
            RandomOps.floats(tf, batch, minArea, 1, seeds.get(0)),
            tf.constant((float) height * width));
    Operand<TFloat32> ratio = tf.math.exp(RandomOps.floats(tf, batch, -log, log, seeds.get(1)));
    Operand<TFloat32> partHeight =
        tf.math.minimum(tf.math.sqrt(tf.math.div(area, ratio)), tf.constant((float) height));
    Operand<TFloat32> partWidth =
        tf.math.minimum(tf.math.sqrt(tf.math.mul(area, ratio)), tf.constant((float) width));
    return new Part(
        tf.math.mul(
            RandomOps.floats(tf, batch, 0, 1, seeds.get(2)),
            tf.math.sub(tf.constant((float) height), partHeight)),
        tf.math.mul(
            RandomOps.floats(tf, batch, 0, 1, seeds.get(3)),
            tf.math.sub(tf.constant((float) width), partWidth)),
        partHeight,
        partWidth);
  }

  /**
   * Scales the given parts.
   *
   * @param images uint8 [batch, height, width, channels]
   * @return uint8 of the same shape
   */
  public Operand<TUint8> scale(Ops tf, Operand<TUint8> images, Part part) {
    ImageShape shape = ImageShape.of(images);
    Operand<TFloat32> rows = along(tf, images, 1, part.top(), part.height(), shape.height());
    Operand<TFloat32> both = along(tf, rows, 2, part.left(), part.width(), shape.width());
    return tf.dtypes.cast(tf.math.rint(both), TUint8.class);
  }

  /** Interpolates along one axis, 1 or 2, of images of any type. */
  private static Operand<TFloat32> along(
      Ops tf,
      Operand<? extends TNumber> images,
      int axis,
      Operand<TFloat32> first,
      Operand<TFloat32> length,
      int count) {
    Operand<TFloat32> centers =
        tf.math.add(tf.dtypes.cast(GatherPlan.range(tf, count), TFloat32.class), tf.constant(0.5f));
    Operand<TFloat32> scaled =
        tf.math.mul(
            centers,
            tf.expandDims(tf.math.div(length, tf.constant((float) count)), tf.constant(1)));
    Operand<TFloat32> at =
        tf.clipByValue(
            tf.math.sub(
                tf.math.add(scaled, tf.expandDims(first, tf.constant(1))), tf.constant(0.5f)),
            tf.constant(0f),
            tf.constant((float) (count - 1)));
    Operand<TFloat32> floor = tf.math.floor(at);
    Operand<TInt32> low = tf.dtypes.cast(floor, TInt32.class);
    Operand<TInt32> high =
        tf.math.minimum(tf.math.add(low, tf.constant(1)), tf.constant(count - 1));
    int[] shape = {-1, axis == 1 ? count : 1, axis == 2 ? count : 1, 1};
    Operand<TFloat32> share = tf.reshape(tf.math.sub(at, floor), tf.constant(shape));
    Operand<TFloat32> a = gathered(tf, images, low, axis);
    Operand<TFloat32> b = gathered(tf, images, high, axis);
    return tf.math.add(a, tf.math.mul(tf.math.sub(b, a), share));
  }

  private static Operand<TFloat32> gathered(
      Ops tf, Operand<? extends TNumber> images, Operand<TInt32> index, int axis) {
    return tf.dtypes.cast(
        tf.gather(images, index, tf.constant(axis), Gather.batchDims(1L)), TFloat32.class);
  }
}
