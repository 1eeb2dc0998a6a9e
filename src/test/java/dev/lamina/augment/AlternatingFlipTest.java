package dev.lamina.augment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.graph.Seeds;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AlternatingFlipTest {
  private static final AlternatingFlip FLIP = AlternatingFlip.horizontal();

  private static int[] flips(long seed, long epoch, int... indices) {
    double[][] drawn =
        Drawn.run(
            tf ->
                List.of(
                    FLIP.flips(tf, new Origin(tf.constant(indices), tf.constant(epoch), seed))));
    return Arrays.stream(drawn[0]).mapToInt(flip -> (int) flip).toArray();
  }

  /** The finalizer of MurmurHash3, with signed shifts, in plain Java. */
  private static int expected(long seed, long epoch, int index) {
    long hash = index + Seeds.deriveSeed(seed, "alternating flip");
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdL;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53L;
    hash ^= hash >> 33;
    return (int) Math.floorMod(hash + epoch, 2L);
  }

  @Test
  void everyImage_isMirroredInEveryOtherEpoch() {
    int[] indices = {49_999, 0, 7, 8, 9, 123_456_789, 7};
    for (long epoch = 0; epoch < 5; epoch++) {
      long now = epoch;
      int[] flips = flips(3, epoch, indices);
      assertThat(flips)
          .isEqualTo(IntStream.of(indices).map(index -> expected(3, now, index)).toArray());
      assertThat(flips(3, epoch + 1, indices))
          .isEqualTo(IntStream.of(flips).map(flip -> 1 - flip).toArray());
    }
  }

  @Test
  void halfOfTheImages_startMirrored_byASeedOfTheirOwn() {
    int[] indices = IntStream.range(0, 10_000).toArray();
    int[] flips = flips(1, 0, indices);
    int[] others = flips(2, 0, indices);

    Drawn.assertUniform(IntStream.of(flips), 2);
    Drawn.assertUniform(IntStream.range(0, 10_000).map(i -> 2 * flips[i] + others[i]), 4);
    Drawn.assertUniform(IntStream.range(1, 10_000).map(i -> 2 * flips[i - 1] + flips[i]), 4);
  }

  @Test
  void mirrorsPixels_alsoBehindACropInOnePass() {
    Images images = Images.random(9, 5, 7, 3);
    Images mirrored =
        images.with((n, y, x, c) -> images.at(n, y, expected(1, 0, n) == 1 ? 6 - x : x, c));
    assertThat(images.through(FLIP, 5, 6)).isEqualTo(mirrored).isNotEqualTo(images);

    Images cropped = images.through(Chain.of(RandomCrop.reflect(2)), 5, 6);
    assertThat(images.through(Chain.of(RandomCrop.reflect(2), FLIP), 5, 6))
        .isEqualTo(cropped.through(FLIP, 5, 6));
  }
}
