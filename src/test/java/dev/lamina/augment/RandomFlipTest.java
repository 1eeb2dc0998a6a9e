package dev.lamina.augment;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RandomFlipTest {

  private static final RandomFlip FLIP = RandomFlip.horizontal();

  @ParameterizedTest
  @CsvSource({"1, 5, 7, 1, 1", "1, 5, 7, 1, 0", "3, 4, 6, 3, 101", "2, 3, 1, 2, 11"})
  void mirrorsTheImagesAsked(int batch, int height, int width, int channels, String flags) {
    int[] flip = flags.chars().map(flag -> flag - '0').toArray();
    Images images = Images.random(batch, height, width, channels);

    assertThat(images.through((tf, x) -> FLIP.flip(tf, x, tf.constant(flip))))
        .isEqualTo(
            images.with((n, y, x, c) -> images.at(n, y, flip[n] == 1 ? width - 1 - x : x, c)));
  }

  @Test
  void drawsEitherSideEquallyOften() {
    double[][] flips =
        Drawn.run(
            tf -> List.of(FLIP.draw(tf, tf.constant(10_000), tf.constant(new long[] {1, 2}))));

    Drawn.assertUniform(Arrays.stream(flips[0]).mapToInt(flip -> (int) flip), 2);
  }
}
