package dev.lamina.augment;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * Moves pixels: picks a source row for every row and a source column for every column, for each
 * image by itself.
 */
final class Pixels {

  private Pixels() {}

  /**
   * Returns the images whose pixel (y, x) is the source's pixel (rows[y], columns[x]).
   *
   * @param images uint8 [batch, height, width, channels]
   * @param rows int32 [batch or 1, new height]
   * @param columns int32 [batch or 1, new width]
   */
  static Operand<TUint8> pick(
      Ops tf, Operand<TUint8> images, Operand<TInt32> rows, Operand<TInt32> columns) {
    // One gather out of the list of all pixels is the fastest way: padding ops are slow on uint8.
    ImageShape shape = ImageShape.of(images);
    int newHeight = (int) rows.shape().get(1);
    int newWidth = (int) columns.shape().get(1);
    Operand<TInt32> image = tf.range(tf.constant(0), ImageShape.batch(tf, images), tf.constant(1));
    Operand<TInt32> firstRow =
        tf.math.mul(tf.expandDims(image, tf.constant(1)), tf.constant(shape.height()));
    Operand<TInt32> rowStart = tf.math.mul(tf.math.add(firstRow, rows), tf.constant(shape.width()));
    Operand<TInt32> index =
        tf.math.add(
            tf.expandDims(rowStart, tf.constant(2)), tf.expandDims(columns, tf.constant(1)));
    Operand<TUint8> pixels = tf.reshape(images, tf.constant(new int[] {-1, shape.channels()}));
    Operand<TUint8> picked = tf.gather(pixels, index, tf.constant(0));
    return tf.reshape(picked, tf.constant(new int[] {-1, newHeight, newWidth, shape.channels()}));
  }

  /** Returns 0, 1, ... as int32 [1, count]. */
  static Operand<TInt32> range(Ops tf, int count) {
    return tf.constant(new int[][] {java.util.stream.IntStream.range(0, count).toArray()});
  }
}
