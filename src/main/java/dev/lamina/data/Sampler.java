package dev.lamina.data;

/**
 * Chooses the training images of an epoch and their order: an immutable value. Each order is a pure
 * function of the set, the seed and the epoch, so that a resumed run continues with the same
 * images.
 */
@FunctionalInterface
public interface Sampler {
  /**
   * Returns the indices of an epoch's images in the set, in order; as many as the set has images.
   *
   * @param set the training images
   * @param seed the seed of the run
   * @param epoch the number of the epoch, from 1
   * @throws IllegalArgumentException if this sampler does not fit the set
   */
  int[] order(ImageSet set, long seed, int epoch);
}
