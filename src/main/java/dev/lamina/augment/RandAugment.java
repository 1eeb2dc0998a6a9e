package dev.lamina.augment;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Arrays;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.image.ImageProjectiveTransformV3;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;

/**
 * Distorts each image by a few operations, drawn for each image with replacement from identity,
 * shear (x, y), translation (x, y), rotation, brightness, colour, contrast, sharpness, posterize,
 * solarize, auto-contrast and equalize, all of one strength; where an operation has a direction,
 * that is drawn too. Pixels that come into view are 0, and there is no interpolation.
 *
 * <p>Source: Cubuk et al., <a href="https://arxiv.org/abs/1909.13719">RandAugment: Practical
 * automated data augmentation with a reduced search space</a>, 2020; operations and strengths are
 * those of torchvision's {@code RandAugment} for uint8 tensors, so that blended values may differ
 * by one where float32 rounds differently.
 *
 * @param operations the number of operations one after the other, at least 1; 2 by default
 * @param magnitude the strength, 0 to 30; 9 by default
 */
public record RandAugment(int operations, int magnitude) implements Augmentation {

  /**
   * Creates the augmentation.
   *
   * @throws IllegalArgumentException if {@code operations} is less than 1 or {@code magnitude} is
   *     not in 0..30
   */
  public RandAugment {
    checkArgument(operations >= 1, "operations must be at least 1, got %s", operations);
    checkArgument(
        0 <= magnitude && magnitude <= Distortion.MAX_LEVEL,
        "magnitude must lie in 0..30, got %s",
        magnitude);
  }

  /** Returns two operations of magnitude 9. */
  public static RandAugment create() {
    return new RandAugment(2, 9);
  }

  /** Returns this augmentation with another number of operations, at least 1. */
  public RandAugment operations(int operations) {
    return new RandAugment(operations, magnitude);
  }

  /** Returns this augmentation with another strength, 0 to 30. */
  public RandAugment magnitude(int magnitude) {
    return new RandAugment(operations, magnitude);
  }

  @Override
  public Operand<TUint8> apply(Ops tf, Operand<TUint8> images, Operand<TInt64> seed) {
    ImageShape.of(images);
    Operand<TInt32> batch = ImageShape.batch(tf, images);
    Operand<TUint8> changed = images;
    for (Operand<TInt64> own : RandomOps.split(tf, seed, operations)) {
      changed = distort(tf, changed, draw(tf, batch, own));
    }
    return changed;
  }

  /**
   * Draws an operation for each image: int32 [batch], twice the index of the {@link Distortion},
   * and one more if its level is negative.
   */
  static Operand<TInt32> draw(Ops tf, Operand<TInt32> batch, Operand<TInt64> seed) {
    return RandomOps.ints(tf, batch, 0, 2 * Distortion.ALL.size() - 1, seed);
  }

  /**
   * Distorts each image by one operation.
   *
   * @param drawn int32 [batch], as {@link #draw} returns it
   */
  Operand<TUint8> distort(Ops tf, Operand<TUint8> images, Operand<TInt32> drawn) {
    int channels = ImageShape.of(images).channels();
    checkArgument(
        channels == 1 || channels == 3,
        "RandAugment needs images of 1 or 3 channels, got %s",
        channels);
    Operand<TUint8> moved = moved(tf, images, drawn);
    Operand<TFloat32> factors = tf.gather(tf.constant(factors()), drawn, tf.constant(0));
    DistortionTables tables = new DistortionTables(tf, moved, factors);
    Operand<TUint8> changed = tables.lookup(table(tf, tables, drawn));
    changed = select(tf, is(tf, drawn, Distortion.COLOR), tables.color(), changed);
    return select(tf, is(tf, drawn, Distortion.SHARPNESS), tables.sharpness(), changed);
  }

  private double level(int drawn) {
    double level = (double) magnitude / Distortion.MAX_LEVEL;
    return drawn % 2 == 0 ? level : -level;
  }

  private float[] factors() {
    float[] factors = new float[2 * Distortion.ALL.size()];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = (float) Distortion.factor(level(i));
    }
    return factors;
  }

  private Operand<TUint8> moved(Ops tf, Operand<TUint8> images, Operand<TInt32> drawn) {
    ImageShape shape = ImageShape.of(images);
    float[][] transforms = new float[2 * Distortion.ALL.size()][];
    for (int i = 0; i < transforms.length; i++) {
      transforms[i] = Distortion.ALL.get(i / 2).transform(level(i), shape.height(), shape.width());
    }
    Operand<TUint8> moved =
        tf.image.imageProjectiveTransformV3(
            images,
            tf.gather(tf.constant(transforms), drawn, tf.constant(0)),
            tf.constant(new int[] {shape.height(), shape.width()}),
            tf.constant(0f),
            "NEAREST",
            ImageProjectiveTransformV3.fillMode("CONSTANT"));
    // Its kernel forgets the size.
    return tf.ensureShape(moved, images.shape());
  }

  /** Returns what becomes of each value: float32 [batch, channels or 1, 256]. */
  private Operand<TFloat32> table(Ops tf, DistortionTables tables, Operand<TInt32> drawn) {
    float[][][] fixed = new float[2 * Distortion.ALL.size()][1][DistortionTables.VALUES];
    for (int i = 0; i < fixed.length; i++) {
      for (int value = 0; value < DistortionTables.VALUES; value++) {
        fixed[i][0][value] = Distortion.ALL.get(i / 2).value(value, level(i));
      }
    }
    Operand<TFloat32> table = tf.gather(tf.constant(fixed), drawn, tf.constant(0));
    table = select(tf, is(tf, drawn, Distortion.CONTRAST), tables.contrast(), table);
    table = select(tf, is(tf, drawn, Distortion.AUTO_CONTRAST), tables.autoContrast(), table);
    return select(tf, is(tf, drawn, Distortion.EQUALIZE), tables.equalize(), table);
  }

  private static <T extends TType> Operand<T> select(
      Ops tf, Operand<TBool> chosen, Operand<T> ifTrue, Operand<T> ifFalse) {
    int[] each = new int[ifFalse.shape().numDimensions()];
    Arrays.fill(each, 1);
    each[0] = -1;
    return tf.select(tf.reshape(chosen, tf.constant(each)), ifTrue, ifFalse);
  }

  private static Operand<TBool> is(Ops tf, Operand<TInt32> drawn, Distortion distortion) {
    return tf.math.equal(
        tf.math.floorDiv(drawn, tf.constant(2)), tf.constant(Distortion.ALL.indexOf(distortion)));
  }
}
