package dev.lamina.data;

import com.google.common.hash.Hashing;
import java.util.SplittableRandom;

/**
 * The shuffled order of the images in an epoch: a pure function of the number of images, the seed
 * and the epoch.
 */
public final class Permutation {
  private Permutation() {}

  /**
   * Returns a uniformly random permutation of 0 .. size - 1 (Fisher-Yates shuffle with a {@link
   * SplittableRandom} whose seed is the Murmur3 hash of seed and epoch).
   */
  public static int[] of(int size, long seed, int epoch) {
    long mixed = Hashing.murmur3_128().newHasher().putLong(seed).putInt(epoch).hash().asLong();
    SplittableRandom random = new SplittableRandom(mixed);
    int[] order = new int[size];
    for (int i = 0; i < size; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }
}
