package dev.lamina.examples;

import dev.lamina.augment.Augmentation;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/**
 * Inverts each image with a probability: {@code 255 - x}.
 *
 * @param probability in [0, 1]
 */
record RandomInvert(double probability) implements Augmentation {
  @Override
  public Operand<TUint8> apply(Ops tf, Operand<TUint8> images, Operand<TInt64> seed) {
    Operand<TFloat32> random =
        tf.random.statelessRandomUniform(
            tf.slice(tf.shape(images), tf.constant(new int[] {0}), tf.constant(new int[] {1})),
            seed);
    var inverted = tf.math.less(random, tf.constant((float) probability));
    return tf.select(
        tf.reshape(inverted, tf.constant(new int[] {-1, 1, 1, 1})),
        tf.math.sub(tf.dtypes.cast(tf.constant(255), TUint8.class), images),
        images);
  }
}
