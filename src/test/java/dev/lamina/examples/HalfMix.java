package dev.lamina.examples;

import dev.lamina.augment.Batch;
import dev.lamina.augment.BatchAugmentation;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;

/**
 * Joins the left part of each image with the right part of its neighbour in the batch, at a random
 * column, and mixes the targets by the shares of the two ("vertical concat" of Summers and Dinneen,
 * arXiv 1805.11272).
 */
record HalfMix() implements BatchAugmentation {
  @Override
  public Batch apply(Ops tf, Batch batch, Operand<TInt64> seed) {
    int width = (int) batch.images().shape().get(2);
    var column =
        tf.random.statelessRandomUniformInt(
            tf.constant(new int[] {1}), seed, tf.constant(1), tf.constant(width));
    var columns = tf.range(tf.constant(0), tf.constant(width), tf.constant(1));
    var left = tf.reshape(tf.math.less(columns, column), tf.constant(new int[] {1, 1, width, 1}));
    Operand<TFloat32> share =
        tf.math.div(tf.dtypes.cast(column, TFloat32.class), tf.constant((float) width));
    Operand<TFloat32> rest = tf.math.sub(tf.constant(1f), share);
    Operand<TUint8> images = tf.select(left, batch.images(), roll(tf, batch.images()));
    return batch
        .withImages(images)
        .withTargets(
            tf.math.addN(
                List.of(
                    tf.math.mul(batch.targets(), share),
                    tf.math.mul(roll(tf, batch.targets()), rest))));
  }

  private static <T extends TType> Operand<T> roll(Ops tf, Operand<T> x) {
    return tf.roll(x, tf.constant(1), tf.constant(0));
  }
}
