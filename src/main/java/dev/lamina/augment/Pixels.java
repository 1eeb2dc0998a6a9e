package dev.lamina.augment;

import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * Images whose pixels are still to be picked out of a source: pixel (y, x) of image n is the
 * source's pixel (rows[n, y], columns[n, x]). Moves that follow each other work on the small tables
 * of rows and columns, and the pixels are touched once.
 *
 * @param source uint8 [batch, any height, any width, channels]
 * @param rows int32 [batch or 1, height]
 * @param columns int32 [batch or 1, width]
 * @param moved false where the images are the source as it is
 */
record Pixels(
    Operand<TUint8> source, Operand<TInt32> rows, Operand<TInt32> columns, boolean moved) {

  /** Returns images as they are. */
  static Pixels of(Ops tf, Operand<TUint8> images) {
    ImageShape shape = ImageShape.of(images);
    return new Pixels(images, range(tf, shape.height()), range(tf, shape.width()), false);
  }

  /** Returns 0, 1, ... as int32 [1, count]. */
  static Operand<TInt32> range(Ops tf, int count) {
    return tf.constant(new int[][] {IntStream.range(0, count).toArray()});
  }

  /** Picks the pixels. */
  Operand<TUint8> images(Ops tf) {
    if (!moved) {
      return source;
    }
    // Out of the list of all pixels GatherNd was the fastest way of several: on pixels of a few
    // bytes
    // Gather takes twice as long, and MirrorPad is slow on uint8.
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
