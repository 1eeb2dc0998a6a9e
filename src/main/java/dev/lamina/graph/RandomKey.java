package dev.lamina.graph;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;

/**
 * The keys of the random numbers of a training step. Every draw is a pure function of (seed, step,
 * shard, use), so that a run repeats bit for bit, resumes in the middle, and several devices that
 * each take a shard of the batch draw independently.
 */
public final class RandomKey {
  private RandomKey() {}

  /**
   * Returns the key of a step: {@code [seed of the shard, step]}.
   *
   * @param seed the seed of the run
   * @param step the number of the step, from 0
   * @param shard which part of the batch, from 0; 0 if the batch is not divided
   */
  public static long[] of(long seed, long step, int shard) {
    return new long[] {shard == 0 ? seed : Seeds.deriveSeed(seed, "shard " + shard), step};
  }

  /**
   * Returns the key for one use in a step.
   *
   * @param key int64 [2], the key of the step
   * @param use the name of the use, such as a layer's full name
   */
  public static Operand<TInt64> forUse(Ops tf, Operand<TInt64> key, String use) {
    return tf.math.add(key, tf.constant(new long[] {0, Seeds.deriveSeed(0, use)}));
  }
}
