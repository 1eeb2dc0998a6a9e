package dev.lamina.augment;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;

/**
 * A random change of a batch inside the graph that sees images and targets together, such as {@link
 * MixUp} and {@link CutMix}. One that changes images alone is an {@link Augmentation}.
 *
 * <p>Every random choice is a function of the seed alone: equal seeds give bit-identical batches.
 */
@FunctionalInterface
public interface BatchAugmentation {
  /**
   * Adds the ops that draw and apply the change.
   *
   * @param tf where the ops go
   * @param batch the batch
   * @param seed int64 [2], another one for every step and every use
   * @return the changed batch
   */
  Batch apply(Ops tf, Batch batch, Operand<TInt64> seed);
}
