package dev.lamina.data;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Arrays;

/**
 * Which part of every batch one of several workers takes. The parts are successive and differ in
 * size by at most one image.
 *
 * @param index which part, from 0
 * @param count the number of parts
 */
public record Shard(int index, int count) {
  /** Checks that index is one of count. */
  public Shard {
    checkArgument(
        index >= 0 && index < count, "index must be from 0 to %s, got %s", count - 1, index);
  }

  /** Returns the only part of a batch that is not divided. */
  public static Shard whole() {
    return new Shard(0, 1);
  }

  /**
   * Returns this part of a batch; empty for some parts if the batch has fewer images than there are
   * parts.
   */
  public int[] of(int[] batch) {
    return Arrays.copyOfRange(batch, start(batch, index), start(batch, index + 1));
  }

  private int start(int[] batch, int part) {
    return Math.toIntExact((long) batch.length * part / count);
  }
}
