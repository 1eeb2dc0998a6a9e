package dev.lamina.augment;

import static com.google.common.base.Preconditions.checkArgument;

import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * The shape of the images of a batch, which must be known when the graph is built; the number of
 * images need not be.
 */
record ImageShape(int height, int width, int channels) {

  static ImageShape of(Operand<TUint8> images) {
    Shape shape = images.shape();
    checkArgument(
        shape.numDimensions() == 4 && shape.get(1) > 0 && shape.get(2) > 0 && shape.get(3) > 0,
        "images must have shape [batch, height, width, channels] with all but the batch known, got %s",
        shape);
    return new ImageShape((int) shape.get(1), (int) shape.get(2), (int) shape.get(3));
  }

  /** Returns the number of images: int32, a scalar. */
  static Operand<TInt32> batch(Ops tf, Operand<TUint8> images) {
    return tf.squeeze(
        tf.slice(tf.shape(images), tf.constant(new int[] {0}), tf.constant(new int[] {1})));
  }
}
