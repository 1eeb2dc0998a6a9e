package dev.lamina.pipeline;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.data.ImageSet;
import dev.lamina.data.Sampler;
import java.util.Arrays;

/**
 * The images of each step of a run: every epoch has as many images as the set, which a {@link
 * Sampler} chooses by seed and epoch alone.
 */
public final class BatchOrder {
  private final ImageSet set;
  private final Sampler sampler;
  private final int batchSize;
  private final boolean dropLast;
  private final long seed;
  private int[] order = {};
  private long orderOf;

  /**
   * Creates the order.
   *
   * @param set the training images
   * @param sampler chooses the images of each epoch
   * @param batchSize the number of images per step
   * @param dropLast whether the last batch of an epoch is left out if it is short
   * @param seed the seed of the order
   * @throws IllegalArgumentException if there are fewer images than one batch and short ones are
   *     dropped
   */
  public BatchOrder(ImageSet set, Sampler sampler, int batchSize, boolean dropLast, long seed) {
    checkArgument(
        !dropLast || set.size() >= batchSize,
        "batchSize must be at most the %s images if the last short batch is dropped, got %s",
        set.size(),
        batchSize);
    this.set = set;
    this.sampler = sampler;
    this.batchSize = batchSize;
    this.dropLast = dropLast;
    this.seed = seed;
  }

  /** Returns the number of steps of an epoch. */
  public int stepsPerEpoch() {
    return dropLast ? set.size() / batchSize : (set.size() - 1) / batchSize + 1;
  }

  /** Returns the epoch of a step, from 1. */
  public int epoch(long step) {
    return Math.toIntExact(step / stepsPerEpoch()) + 1;
  }

  /**
   * Returns the indices of a step's images in the set.
   *
   * @param step the number of the step in the run, from 0
   * @throws IllegalArgumentException if the sampler chooses another number of images than the set
   *     has, or one that it has not
   */
  public int[] batch(long step) {
    int epoch = epoch(step);
    if (epoch != orderOf) {
      order = chosen(epoch);
      orderOf = epoch;
    }
    int start = Math.toIntExact(step % stepsPerEpoch()) * batchSize;
    return Arrays.copyOfRange(order, start, Math.min(start + batchSize, order.length));
  }

  private int[] chosen(int epoch) {
    int[] chosen = sampler.order(set, seed, epoch);
    checkArgument(
        chosen.length == set.size(),
        "sampler must give as many indices as the set has images, %s, got %s in epoch %s",
        set.size(),
        chosen.length,
        epoch);
    checkIndices("sampler", chosen, set.size());
    return chosen;
  }

  /**
   * Checks that indices are those of images of a set.
   *
   * @param name what gives them, for the message
   * @param size the number of images in the set
   */
  public static void checkIndices(String name, int[] indices, int size) {
    for (int index : indices) {
      checkArgument(
          index >= 0 && index < size,
          "%s must give indices from 0 to %s, got %s",
          name,
          size - 1,
          index);
    }
  }
}
