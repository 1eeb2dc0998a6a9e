package dev.lamina.augment;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.random.StatelessRandomGetKeyCounter;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * Random numbers that depend on a seed alone: stateless, so equal in every run and untouched by
 * other random ops.
 */
final class RandomOps {
  /** The counter-based generator that the other draws use too, on every device. */
  private static final int PHILOX = 1;

  private static final long[] MURMUR = {0xff51afd7ed558ccdL, 0xc4ceb9fe1a85ec53L};

  private RandomOps() {}

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

  /**
   * Draws one number of the distribution Beta(alpha, alpha): float32, a scalar in [0, 1].
   *
   * <p>It is {@code g1 / (g1 + g2)} for two draws of Gamma(alpha), each made as {@code g =
   * Gamma(alpha + 1) * u^(1 / alpha)} (Marsaglia and Tsang, "A simple method for generating gamma
   * variables", 2000). The quotient is taken of logarithms, in float64, as {@code u^(1 / alpha)} is
   * zero in floating point for a small alpha.
   */
  static Operand<TFloat32> beta(Ops tf, double alpha, Operand<TInt64> seed) {
    List<Operand<TInt64>> seeds = split(tf, seed, 2);
    Operand<TInt32> two = tf.constant(new int[] {2});
    StatelessRandomGetKeyCounter key = tf.random.statelessRandomGetKeyCounter(seeds.get(0));
    Operand<TFloat64> gamma =
        tf.random.statelessRandomGamma(
            two, key.key(), key.counter(), tf.constant(PHILOX), tf.constant(alpha + 1));
    Operand<TFloat64> unit = tf.random.statelessRandomUniform(two, seeds.get(1), TFloat64.class);
    // In (0, 1], where the logarithm is finite.
    Operand<TFloat64> logUnit = tf.math.log(tf.math.sub(tf.constant(1.0), unit));
    Operand<TFloat64> logs =
        tf.math.add(tf.math.log(gamma), tf.math.div(logUnit, tf.constant(alpha)));
    Operand<TFloat64> difference =
        tf.reduceSum(tf.math.mul(logs, tf.constant(new double[] {1, -1})), tf.constant(0));
    return tf.dtypes.cast(tf.math.sigmoid(difference), TFloat32.class);
  }

  /**
   * Returns a pseudo-random number for each index: int64 of the shape of the indices, a function of
   * index and seed alone. It is the finalizer of MurmurHash3 of {@code index + seed}, with
   * arithmetic shifts.
   */
  static Operand<TInt64> hash(Ops tf, Operand<TInt32> indices, long seed) {
    Operand<TInt64> hash = tf.math.add(tf.dtypes.cast(indices, TInt64.class), tf.constant(seed));
    for (long factor : MURMUR) {
      hash = tf.math.mul(xorShift(tf, hash), tf.constant(factor));
    }
    return xorShift(tf, hash);
  }

  private static Operand<TInt64> xorShift(Ops tf, Operand<TInt64> x) {
    return tf.bitwise.bitwiseXor(x, tf.bitwise.rightShift(x, tf.constant(33L)));
  }

  private static Operand<TInt32> vector(Ops tf, Operand<TInt32> batch) {
    return tf.reshape(batch, tf.constant(new int[] {1}));
  }
}
