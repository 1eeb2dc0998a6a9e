package dev.lamina.augment;

import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * Images that are not gathered yet: pixel (y, x) of image n is the source's pixel (rows[n, y],
 * columns[n, x]). A crop and the flips after it change only these small index tables, so that the
 * pixels are gathered once.
 *
 * @param source uint8 [batch, any height, any width, channels]
 * @param rows int32 [batch or 1, height]
 * @param columns int32 [batch or 1, width]
 * @param moved false if the images are the source unchanged
 */
record GatherPlan(
    Operand<TUint8> source, Operand<TInt32> rows, Operand<TInt32> columns, boolean moved) {

  /** Returns the plan that leaves the images unchanged. */
  static GatherPlan of(Ops tf, Operand<TUint8> images) {
    ImageShape shape = ImageShape.of(images);
    return new GatherPlan(images, range(tf, shape.height()), range(tf, shape.width()), false);
  }

  /** Returns 0, 1, ... as int32 [1, count]. */
  static Operand<TInt32> range(Ops tf, int count) {
    return tf.constant(new int[][] {IntStream.range(0, count).toArray()});
  }

  /** Gathers the pixels: uint8 [batch, height, width, channels]. */
  Operand<TUint8> images(Ops tf) {
    if (!moved) {
      return source;
    }
    // GatherNd from the flat list of all pixels was the fastest of several ways: Gather takes twice
    // as long for pixels of a few bytes, and MirrorPad is slow on uint8.
    ImageShape shape = ImageShape.of(source);
    Operand<TInt32> image = tf.range(tf.constant(0), ImageShape.batch(tf, source), tf.constant(1));
    Operand<TInt32> firstRow =
        tf.expandDims(tf.math.mul(image, tf.constant(shape.height())), tf.constant(1));
    Operand<TInt32> rowStart = tf.math.mul(tf.math.add(firstRow, rows), tf.constant(shape.width()));
    Operand<TInt32> index =
        tf.math.add(
            tf.expandDims(rowStart, tf.constant(2)), tf.expandDims(columns, tf.constant(1)));
    Operand<TUint8> pixels = tf.reshape(source, tf.constant(new int[] {-1, shape.channels()}));
    int height = (int) rows.shape().get(1);
    int width = (int) columns.shape().get(1);
    return tf.reshape(
        tf.gatherNd(pixels, tf.expandDims(index, tf.constant(3))),
        tf.constant(new int[] {-1, height, width, shape.channels()}));
  }
}
