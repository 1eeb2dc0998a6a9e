package dev.lamina.augment;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * Random numbers that depend on a seed alone: stateless, so equal in every run and untouched by
 * other random ops.
 */
final class Draws {

  private Draws() {}

  /**
   * Returns {@code count} seeds that are independent of each other; the first ones do not depend on
   * the count.
   */
  static List<Operand<TInt64>> split(Ops tf, Operand<TInt64> seed, int count) {
    Operand<TInt64> seeds =
        tf.random.statelessRandomUniformFullInt(
            tf.constant(new int[] {count, 2}), seed, TInt64.class);
    return List.copyOf(tf.unstack(seeds, (long) count).output());
  }

  /**
   * Draws an integer from {@code from} to {@code to}, both included, for each image: int32 [batch].
   */
  static Operand<TInt32> ints(
      Ops tf, Operand<TInt32> batch, int from, int to, Operand<TInt64> seed) {
    return tf.random.statelessRandomUniformInt(
        vector(tf, batch), seed, tf.constant(from), tf.constant(to + 1));
  }

  /** Draws a number from {@code from} up to {@code to} for each image: float32 [batch]. */
  static Operand<TFloat32> floats(
      Ops tf, Operand<TInt32> batch, double from, double to, Operand<TInt64> seed) {
    Operand<TFloat32> unit = tf.random.statelessRandomUniform(vector(tf, batch), seed);
    return tf.math.add(
        tf.math.mul(unit, tf.constant((float) (to - from))), tf.constant((float) from));
  }

  private static Operand<TInt32> vector(Ops tf, Operand<TInt32> batch) {
    return tf.reshape(batch, tf.constant(new int[] {1}));
  }
}
