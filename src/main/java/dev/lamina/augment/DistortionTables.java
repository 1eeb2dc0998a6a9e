package dev.lamina.augment;

import java.util.Arrays;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ReduceMax;
import org.tensorflow.op.core.ReduceMin;
import org.tensorflow.op.core.ReduceSum;
import org.tensorflow.op.math.Cumsum;
import org.tensorflow.op.math.Mean;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * The distortions of values that depend on an image's other pixels. Where a value becomes the same
 * at every pixel it is a table, float32 [batch, channels or 1, 256]; else the images.
 */
final class DistortionTables {
  static final int VALUES = 256;
  private static final float MAX = VALUES - 1;

  private final Ops tf;
  private final Operand<TUint8> images;
  private final Operand<TFloat32> factors;
  private final ImageShape shape;
  private final Operand<TFloat32> pixels;
  private final Operand<TFloat32> grey;

  /**
   * Prepares the distortions of images.
   *
   * @param images uint8 [batch, height, width, 1 or 3]
   * @param factors float32 [batch], the factor of each image in a blend
   */
  DistortionTables(Ops tf, Operand<TUint8> images, Operand<TFloat32> factors) {
    this.tf = tf;
    this.images = images;
    this.factors = factors;
    shape = ImageShape.of(images);
    pixels = tf.dtypes.cast(images, TFloat32.class);
    grey = grey();
  }

  /** Returns the grey values, without fractions: float32 [batch, height, width, 1]. */
  private Operand<TFloat32> grey() {
    if (shape.channels() == 1) {
      return pixels;
    }
    float[] weights = {0.2989f, 0.587f, 0.114f};
    Operand<TFloat32> weighted = tf.math.mul(pixels, tf.constant(weights));
    return tf.math.floor(
        tf.reduceSum(weighted, tf.constant(new int[] {3}), ReduceSum.keepDims(true)));
  }

  /** Replaces every value by that of a table. */
  Operand<TUint8> lookup(Operand<TFloat32> table) {
    Operand<TInt32> batch = ImageShape.batch(tf, images);
    Operand<TInt32> perChannel = tf.constant(new int[] {shape.channels(), VALUES});
    Operand<TFloat32> whole =
        tf.broadcastTo(
            table,
            tf.concat(
                List.of(tf.reshape(batch, tf.constant(new int[] {1})), perChannel),
                tf.constant(0)));
    Operand<TUint8> flat =
        tf.reshape(tf.dtypes.cast(whole, TUint8.class), tf.constant(new int[] {-1}));
    return tf.gather(flat, indices(), tf.constant(0));
  }

  /**
   * Returns the index of each pixel's value in all tables: int32 [batch, height, width, channels].
   */
  private Operand<TInt32> indices() {
    Operand<TInt32> image = tf.range(tf.constant(0), ImageShape.batch(tf, images), tf.constant(1));
    Operand<TInt32> channel =
        tf.math.add(
            tf.math.mul(
                tf.reshape(image, tf.constant(new int[] {-1, 1, 1, 1})),
                tf.constant(shape.channels())),
            tf.reshape(
                GatherPlan.range(tf, shape.channels()), tf.constant(new int[] {1, 1, 1, -1})));
    return tf.math.add(
        tf.math.mul(channel, tf.constant(VALUES)), tf.dtypes.cast(images, TInt32.class));
  }

  /** Returns 0, 1, ..., 255: float32 [1, 1, 256]. */
  private Operand<TFloat32> values() {
    float[][][] values = new float[1][1][VALUES];
    for (int i = 0; i < VALUES; i++) {
      values[0][0][i] = i;
    }
    return tf.constant(values);
  }

  Operand<TFloat32> contrast() {
    Operand<TFloat32> mean =
        tf.math.mean(grey, tf.constant(new int[] {1, 2, 3}), Mean.keepDims(true));
    return blend(values(), tf.reshape(mean, tf.constant(new int[] {-1, 1, 1})), 3);
  }

  Operand<TFloat32> autoContrast() {
    Operand<TInt32> places = tf.constant(new int[] {1, 2});
    Operand<TFloat32> least =
        tf.expandDims(tf.reduceMin(pixels, places, ReduceMin.keepDims(false)), tf.constant(2));
    Operand<TFloat32> range = tf.math.sub(tf.expandDims(largest(), tf.constant(2)), least);
    Operand<TFloat32> stretched =
        tf.math.div(tf.math.mul(tf.math.sub(values(), least), tf.constant(MAX)), range);
    Operand<TBool> flat = tf.math.equal(range, tf.constant(0f));
    return tf.select(flat, values(), clipped(stretched));
  }

  /** Returns the largest value of each channel: float32 [batch, channels]. */
  private Operand<TFloat32> largest() {
    return tf.reduceMax(pixels, tf.constant(new int[] {1, 2}), ReduceMax.keepDims(false));
  }

  Operand<TFloat32> equalize() {
    Operand<TInt32> tables =
        tf.math.mul(ImageShape.batch(tf, images), tf.constant(shape.channels() * VALUES));
    Operand<TFloat32> counts =
        tf.reshape(
            tf.math.bincount(indices(), tables, tf.constant(new float[0])),
            tf.constant(new int[] {-1, shape.channels(), VALUES}));
    Operand<TFloat32> before = tf.math.cumsum(counts, tf.constant(2), Cumsum.exclusive(true));
    // All pixels but those of the largest value.
    Operand<TFloat32> others =
        tf.reduceMax(
            tf.select(tf.math.greater(counts, tf.constant(0f)), before, tf.zerosLike(before)),
            tf.constant(2),
            ReduceMax.keepDims(true));
    Operand<TFloat32> step = tf.math.floor(tf.math.div(others, tf.constant(MAX)));
    Operand<TFloat32> half = tf.math.floor(tf.math.div(step, tf.constant(2f)));
    Operand<TFloat32> even = tf.math.floor(tf.math.div(tf.math.add(before, half), step));
    return tf.select(tf.math.equal(step, tf.constant(0f)), values(), clipped(even));
  }

  Operand<TUint8> color() {
    return shape.channels() == 1 ? images : tf.dtypes.cast(blend(pixels, grey, 4), TUint8.class);
  }

  Operand<TUint8> sharpness() {
    if (shape.height() < 3 || shape.width() < 3) {
      return images;
    }
    float[][][][] kernel = new float[3][3][shape.channels()][1];
    for (int i = 0; i < 9; i++) {
      for (float[] weight : kernel[i / 3][i % 3]) {
        weight[0] = (i == 4 ? 5f : 1f) / 13;
      }
    }
    Operand<TFloat32> smooth =
        tf.math.rint(
            tf.nn.depthwiseConv2dNative(
                pixels, tf.constant(kernel), List.of(1L, 1L, 1L, 1L), "VALID"));
    int[][] border = {{0, 0}, {1, 1}, {1, 1}, {0, 0}};
    // Pixels of the border have no neighbours on one side, and stay.
    Operand<TBool> inside =
        tf.pad(
            tf.fill(
                tf.constant(new int[] {1, shape.height() - 2, shape.width() - 2, 1}),
                tf.constant(true)),
            tf.constant(border),
            tf.constant(false));
    Operand<TFloat32> other =
        tf.select(inside, tf.pad(smooth, tf.constant(border), tf.constant(0f)), pixels);
    return tf.dtypes.cast(blend(pixels, other, 4), TUint8.class);
  }

  /** Returns {@code other + factor * (own - other)} for each image, in tensors of a rank. */
  private Operand<TFloat32> blend(Operand<TFloat32> own, Operand<TFloat32> other, int rank) {
    int[] each = new int[rank];
    Arrays.fill(each, 1);
    each[0] = -1;
    Operand<TFloat32> factor = tf.reshape(factors, tf.constant(each));
    Operand<TFloat32> difference = tf.math.sub(own, other);
    return clipped(tf.math.add(other, tf.math.mul(factor, difference)));
  }

  /** Returns values clipped to 0..255, without fractions. */
  private Operand<TFloat32> clipped(Operand<TFloat32> x) {
    return tf.math.floor(tf.clipByValue(x, tf.constant(0f), tf.constant(MAX)));
  }
}
