package dev.lamina.augment;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.math.Cumsum;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/**
 * Covers a rectangle of some images with one shade. The rectangle has a uniformly drawn share of
 * the area and a proportion whose logarithm is drawn uniformly; of ten drawn rectangles the first
 * that is smaller than the image in both directions is taken, and if there is none the image stays
 * as it is. Its place is uniform, completely inside the image.
 *
 * <p>Source: Zhong et al., <a href="https://arxiv.org/abs/1708.04896">Random Erasing Data
 * Augmentation</a>, 2017, algorithm 1. The numbers of attempts and the defaults are torchvision's,
 * which erases after the normalisation: its 0 is the mean colour, so here the default is grey.
 *
 * @param probability the probability that an image is erased, in [0, 1]; 0.5 by default
 * @param minArea the least share of the area, in (0, 1); 0.02 by default
 * @param maxArea the largest share of the area, from {@code minArea} to below 1; 0.33 by default
 * @param maxRatio the largest height / width, and the inverse of the least, at least 1; 3.3 by
 *     default
 * @param fill the value of every channel inside the rectangle, 0 to 255; 128 (grey) by default
 */
public record RandomErasing(
    double probability, double minArea, double maxArea, double maxRatio, int fill)
    implements Augmentation {
  private static final int ATTEMPTS = 10;

  /**
   * Creates the augmentation.
   *
   * @throws IllegalArgumentException if a value is out of its range
   */
  public RandomErasing {
    checkArgument(
        probability >= 0 && probability <= 1, "probability must be in [0, 1], got %s", probability);
    checkArgument(
        minArea > 0 && minArea <= maxArea && maxArea < 1,
        "area must be in (0, 1) and minArea at most maxArea, got %s to %s",
        minArea,
        maxArea);
    checkArgument(maxRatio >= 1, "maxRatio must be at least 1, got %s", maxRatio);
    checkArgument(Double.isFinite(maxRatio), "maxRatio must be finite, got %s", maxRatio);
    checkArgument(0 <= fill && fill <= 255, "fill must lie in 0..255, got %s", fill);
  }

  /** Returns the erasing of half of the images, 2 to 33 % of the area. */
  public static RandomErasing create() {
    return new RandomErasing(0.5, 0.02, 0.33, 3.3, 128);
  }

  /** Returns this augmentation with another probability that an image is erased, in [0, 1]. */
  public RandomErasing probability(double probability) {
    return new RandomErasing(probability, minArea, maxArea, maxRatio, fill);
  }

  /** Returns this augmentation with another least and largest share of the area. */
  public RandomErasing area(double min, double max) {
    return new RandomErasing(probability, min, max, maxRatio, fill);
  }

  /** Returns this augmentation with another largest proportion, at least 1. */
  public RandomErasing maxRatio(double ratio) {
    return new RandomErasing(probability, minArea, maxArea, ratio, fill);
  }

  /** Returns this augmentation with another shade, 0 to 255. */
  public RandomErasing fill(int shade) {
    return new RandomErasing(probability, minArea, maxArea, maxRatio, shade);
  }

  @Override
  public Operand<TUint8> apply(Ops tf, Operand<TUint8> images, Operand<TInt64> seed) {
    ImageShape shape = ImageShape.of(images);
    Operand<TInt32> batch = ImageShape.batch(tf, images);
    return draw(tf, batch, shape.height(), shape.width(), seed).cover(tf, images, fill);
  }

  /** Draws the rectangles; one is empty if its image is not erased. */
  Rectangles draw(Ops tf, Operand<TInt32> batch, int height, int width, Operand<TInt64> seed) {
    List<Operand<TInt64>> seeds = RandomOps.split(tf, seed, 5);
    Operand<TInt32> draws = tf.math.mul(batch, tf.constant(ATTEMPTS));
    float pixels = (float) height * width;
    double log = Math.log(maxRatio);
    Operand<TFloat32> area =
        RandomOps.floats(tf, draws, minArea * pixels, maxArea * pixels, seeds.get(0));
    Operand<TFloat32> ratio = tf.math.exp(RandomOps.floats(tf, draws, -log, log, seeds.get(1)));
    Operand<TInt32> rows = attempts(tf, tf.math.mul(area, ratio));
    Operand<TInt32> columns = attempts(tf, tf.math.div(area, ratio));
    Operand<TBool> fits =
        tf.math.logicalAnd(
            tf.math.less(rows, tf.constant(height)), tf.math.less(columns, tf.constant(width)));
    Operand<TInt32> first = first(tf, fits);
    Operand<TBool> erased =
        tf.math.less(
            RandomOps.floats(tf, batch, 0, 1, seeds.get(2)), tf.constant((float) probability));
    Operand<TInt32> rectangleHeight =
        tf.math.mul(chosen(tf, rows, first), tf.dtypes.cast(erased, TInt32.class));
    Operand<TInt32> rectangleWidth = chosen(tf, columns, first);
    return new Rectangles(
        place(tf, batch, rectangleHeight, height, seeds.get(3)),
        place(tf, batch, rectangleWidth, width, seeds.get(4)),
        rectangleHeight,
        rectangleWidth);
  }

  /** Returns rounded sides by their squares: int32 [batch, attempts]. */
  private static Operand<TInt32> attempts(Ops tf, Operand<TFloat32> squares) {
    return tf.reshape(
        tf.dtypes.cast(tf.math.rint(tf.math.sqrt(squares)), TInt32.class),
        tf.constant(new int[] {-1, ATTEMPTS}));
  }

  /** Returns 1 at the first true of each row, and else 0: int32 [batch, attempts]. */
  private static Operand<TInt32> first(Ops tf, Operand<TBool> flags) {
    Operand<TInt32> ones = tf.dtypes.cast(flags, TInt32.class);
    Operand<TInt32> before = tf.math.cumsum(ones, tf.constant(1), Cumsum.exclusive(true));
    return tf.math.mul(ones, tf.dtypes.cast(tf.math.equal(before, tf.constant(0)), TInt32.class));
  }

  private static Operand<TInt32> chosen(Ops tf, Operand<TInt32> sides, Operand<TInt32> first) {
    return tf.reduceSum(tf.math.mul(sides, first), tf.constant(1));
  }

  /** Draws the first row or column of each rectangle, uniform among those where it fits. */
  private static Operand<TInt32> place(
      Ops tf, Operand<TInt32> batch, Operand<TInt32> side, int size, Operand<TInt64> seed) {
    Operand<TFloat32> places =
        tf.dtypes.cast(tf.math.sub(tf.constant(size + 1), side), TFloat32.class);
    Operand<TFloat32> unit = RandomOps.floats(tf, batch, 0, 1, seed);
    return tf.dtypes.cast(tf.math.floor(tf.math.mul(unit, places)), TInt32.class);
  }
}
