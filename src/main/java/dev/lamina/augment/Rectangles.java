package dev.lamina.augment;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * A rectangle in each image of a batch, each int32 [batch]. It may stick out at the border.
 *
 * @param top the first row
 * @param left the first column
 * @param height the number of rows, 0 for an empty rectangle
 * @param width the number of columns, 0 for an empty rectangle
 */
record Rectangles(
    Operand<TInt32> top, Operand<TInt32> left, Operand<TInt32> height, Operand<TInt32> width) {

  /** Fills the rectangles with one shade, 0 to 255: uint8 of the shape of the images. */
  Operand<TUint8> cover(Ops tf, Operand<TUint8> images, int shade) {
    ImageShape shape = ImageShape.of(images);
    Operand<TBool> inside =
        tf.math.logicalAnd(
            tf.reshape(
                within(tf, top, height, shape.height()),
                tf.constant(new int[] {-1, shape.height(), 1, 1})),
            tf.reshape(
                within(tf, left, width, shape.width()),
                tf.constant(new int[] {-1, 1, shape.width(), 1})));
    return tf.select(inside, tf.dtypes.cast(tf.constant(shade), TUint8.class), images);
  }

  /** Returns which of {@code count} rows or columns are inside: bool [batch, count]. */
  private static Operand<TBool> within(
      Ops tf, Operand<TInt32> first, Operand<TInt32> length, int count) {
    Operand<TInt32> offset =
        tf.math.sub(GatherPlan.range(tf, count), tf.expandDims(first, tf.constant(1)));
    return tf.math.logicalAnd(
        tf.math.greaterEqual(offset, tf.constant(0)),
        tf.math.less(offset, tf.expandDims(length, tf.constant(1))));
  }
}
