package dev.lamina.graph;

import com.google.common.hash.Hashing;
import java.nio.charset.StandardCharsets;

/** Derives independent seeds from one seed and the name of its use. */
public final class Seeds {
  private Seeds() {}

  /** Returns the seed for one use: a pure function of both arguments. */
  public static long deriveSeed(long seed, String use) {
    return Hashing.murmur3_128()
        .newHasher()
        .putLong(seed)
        .putString(use, StandardCharsets.UTF_8)
        .hash()
        .asLong();
  }
}
