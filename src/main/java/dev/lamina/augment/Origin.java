package dev.lamina.augment;

import org.tensorflow.Operand;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * Which images of the training set a batch consists of, in which epoch: for augmentations that are
 * not drawn anew at every step, such as {@link AlternatingFlip}.
 *
 * @param indices int32 [N]: the index of each image in the set
 * @param epoch int64, a scalar: the number of the epoch, from 0
 * @param seed the seed of the run, the same for all shards and epochs
 */
public record Origin(Operand<TInt32> indices, Operand<TInt64> epoch, long seed) {}
