package dev.lamina.data;

/** Every image once in each epoch, in a random order. */
public record Shuffled() implements Sampler {
  /** Returns the sampler. */
  public static Shuffled create() {
    return new Shuffled();
  }

  @Override
  public int[] order(ImageSet set, long seed, int epoch) {
    return Permutation.of(set.size(), seed, epoch);
  }
}
