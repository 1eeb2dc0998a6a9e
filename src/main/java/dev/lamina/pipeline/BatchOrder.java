package dev.lamina.pipeline;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.data.Permutation;
import java.util.Arrays;

/**
 * The images of each step of a run: every epoch passes over all images once, in an order that
 * depends only on seed and epoch.
 */
public final class BatchOrder {
  private final int images;
  private final int batchSize;
  private final boolean dropLast;
  private final long seed;
  private int[] order = {};
  private long orderOf;

  /**
   * Creates the order.
   *
   * @param images the number of images
   * @param batchSize the number of images per step
   * @param dropLast whether the last batch of an epoch is left out if it is short
   * @param seed the seed of the order
   * @throws IllegalArgumentException if there are fewer images than one batch and short ones are
   *     dropped
   */
  public BatchOrder(int images, int batchSize, boolean dropLast, long seed) {
    checkArgument(
        !dropLast || images >= batchSize,
        "batchSize must be at most the %s images if the last short batch is dropped, got %s",
        images,
        batchSize);
    this.images = images;
    this.batchSize = batchSize;
    this.dropLast = dropLast;
    this.seed = seed;
  }

  /** Returns the number of steps of an epoch. */
  public int stepsPerEpoch() {
    return dropLast ? images / batchSize : (images - 1) / batchSize + 1;
  }

  /** Returns the epoch of a step, from 1. */
  public int epoch(long step) {
    return Math.toIntExact(step / stepsPerEpoch()) + 1;
  }

  /**
   * Returns the indices of a step's images in the set.
   *
   * @param step the number of the step in the run, from 0
   */
  public int[] batch(long step) {
    int epoch = epoch(step);
    if (epoch != orderOf) {
      order = Permutation.of(images, seed, epoch);
      orderOf = epoch;
    }
    int start = Math.toIntExact(step % stepsPerEpoch()) * batchSize;
    return Arrays.copyOfRange(order, start, Math.min(start + batchSize, images));
  }
}
