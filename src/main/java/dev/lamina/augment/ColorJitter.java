package dev.lamina.augment;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ReduceSum;
import org.tensorflow.op.math.Mean;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/**
 * Changes the brightness, then the contrast, then the saturation of each image by random factors.
 * Each blends the image with another, {@code factor * image + (1 - factor) * other}, and clips to
 * 0..255:
 *
 * <table>
 * <caption>What is blended in</caption>
 * <tr><th>change</th><th>other</th></tr>
 * <tr><td>brightness</td><td>black</td></tr>
 * <tr><td>contrast</td><td>the mean over the image of its grey values</td></tr>
 * <tr><td>saturation</td><td>each pixel's grey value</td></tr>
 * </table>
 *
 * <p>Grey is {@code 0.2989 red + 0.587 green + 0.114 blue}, or the value itself in images of one
 * channel, which have no saturation to change. The definitions are those of torchvision's {@code
 * ColorJitter}; unlike there the order is fixed, and values are rounded once, at the end, to the
 * nearest integer (halves to even), where torchvision truncates after every change.
 *
 * @param brightness the largest change: factors are uniform in {@code [max(0, 1 - brightness), 1 +
 *     brightness]}; not negative, 0 by default
 * @param contrast the same for the contrast
 * @param saturation the same for the saturation
 */
public record ColorJitter(double brightness, double contrast, double saturation)
    implements Augmentation {

  private static final float[] GREY = {0.2989f, 0.587f, 0.114f};

  /**
   * The factors of the three changes for each image; a factor of 1 changes nothing.
   *
   * @param brightness float32 [batch], not negative
   * @param contrast float32 [batch], not negative
   * @param saturation float32 [batch], not negative
   */
  public record Factors(
      Operand<TFloat32> brightness, Operand<TFloat32> contrast, Operand<TFloat32> saturation) {}

  /**
   * Creates a jitter.
   *
   * @throws IllegalArgumentException if a value is negative or infinite
   */
  public ColorJitter {
    check("brightness", brightness);
    check("contrast", contrast);
    check("saturation", saturation);
  }

  private static void check(String name, double value) {
    checkArgument(
        value >= 0 && Double.isFinite(value),
        "%s must not be negative or infinite, got %s",
        name,
        value);
  }

  /** Returns a jitter that changes nothing until an option is set. */
  public static ColorJitter create() {
    return new ColorJitter(0, 0, 0);
  }

  /** Returns this jitter with another largest change of brightness, not negative. */
  public ColorJitter brightness(double change) {
    return new ColorJitter(change, contrast, saturation);
  }

  /** Returns this jitter with another largest change of contrast, not negative. */
  public ColorJitter contrast(double change) {
    return new ColorJitter(brightness, change, saturation);
  }

  /** Returns this jitter with another largest change of saturation, not negative. */
  public ColorJitter saturation(double change) {
    return new ColorJitter(brightness, contrast, change);
  }

  @Override
  public Operand<TUint8> apply(Ops tf, Operand<TUint8> images, Operand<TInt64> seed) {
    return jitter(tf, images, draw(tf, ImageShape.batch(tf, images), seed));
  }

  /**
   * Draws the factors.
   *
   * @param batch the number of images, a scalar
   * @param seed int64 [2]
   */
  public Factors draw(Ops tf, Operand<TInt32> batch, Operand<TInt64> seed) {
    List<Operand<TInt64>> seeds = RandomOps.split(tf, seed, 3);
    return new Factors(
        factor(tf, batch, brightness, seeds.get(0)),
        factor(tf, batch, contrast, seeds.get(1)),
        factor(tf, batch, saturation, seeds.get(2)));
  }

  /**
   * Changes the images by the given factors.
   *
   * @param images uint8 [batch, height, width, 1 or 3]
   * @return uint8 of the same shape
   * @throws IllegalArgumentException if the images have another number of channels
   */
  public Operand<TUint8> jitter(Ops tf, Operand<TUint8> images, Factors factors) {
    int channels = ImageShape.of(images).channels();
    checkArgument(
        channels == 1 || channels == 3,
        "colour jitter needs images of 1 or 3 channels, got %s",
        channels);
    Operand<TFloat32> changed = tf.dtypes.cast(images, TFloat32.class);
    changed = blend(tf, changed, tf.constant(0f), factors.brightness());
    Operand<TFloat32> meanGrey =
        tf.math.mean(
            grey(tf, changed, channels), tf.constant(new int[] {1, 2}), Mean.keepDims(true));
    changed = blend(tf, changed, meanGrey, factors.contrast());
    changed = blend(tf, changed, grey(tf, changed, channels), factors.saturation());
    return tf.dtypes.cast(tf.math.rint(changed), TUint8.class);
  }

  private static Operand<TFloat32> factor(
      Ops tf, Operand<TInt32> batch, double change, Operand<TInt64> seed) {
    return RandomOps.floats(tf, batch, Math.max(0, 1 - change), 1 + change, seed);
  }

  private static Operand<TFloat32> grey(Ops tf, Operand<TFloat32> images, int channels) {
    return channels == 1
        ? images
        : tf.reduceSum(
            tf.math.mul(images, tf.constant(GREY)), tf.constant(3), ReduceSum.keepDims(true));
  }

  private static Operand<TFloat32> blend(
      Ops tf, Operand<TFloat32> images, Operand<TFloat32> other, Operand<TFloat32> factors) {
    Operand<TFloat32> factor = tf.reshape(factors, tf.constant(new int[] {-1, 1, 1, 1}));
    Operand<TFloat32> rest = tf.math.sub(tf.constant(1f), factor);
    return tf.clipByValue(
        tf.math.add(tf.math.mul(factor, images), tf.math.mul(rest, other)),
        tf.constant(0f),
        tf.constant(255f));
  }
}
