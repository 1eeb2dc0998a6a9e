package dev.lamina.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.augment.Cutout.Centre;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CutoutTest {

  @ParameterizedTest
  @CsvSource({"1, 3, 128", "2, 1, 128", "3, 3, 0", "4, 2, 255", "20, 3, 7"})
  void coversASquareAroundEveryCentre(int size, int channels, int fill) {
    int height = 5;
    int width = 7;
    int[] row = IntStream.range(0, height * width).map(i -> i / width).toArray();
    int[] column = IntStream.range(0, height * width).map(i -> i % width).toArray();
    Images images = Images.random(height * width, height, width, channels);
    Cutout cutout = fill == 128 ? Cutout.of(size) : Cutout.of(size).fill(fill);

    // Twice the distance between the centres of a pixel and of the square, so that halves stay
    // whole numbers.
    int shift = size % 2 == 0 ? 1 : 0;
    assertThat(
            images.through(
                (tf, x) -> cutout.cut(tf, x, new Centre(tf.constant(row), tf.constant(column)))))
        .isEqualTo(
            images.with(
                (n, y, x, c) -> {
                  int down = Math.abs(2 * (y - row[n]) + shift);
                  int right = Math.abs(2 * (x - column[n]) + shift);
                  return Math.max(down, right) < size ? fill : images.at(n, y, x, c);
                }));
  }

  @Test
  void coversOnlyOneImage() {
    Images image = Images.of(1, 3, 3, 1, (n, y, x, c) -> 9);
    assertThat(
            image
                .through(
                    (tf, x) ->
                        Cutout.of(2)
                            .cut(
                                tf,
                                x,
                                new Centre(tf.constant(new int[] {0}), tf.constant(new int[] {2}))))
                .values()
                .asList())
        .containsExactly(9, 128, 128, 9, 9, 9, 9, 9, 9);
  }

  @Test
  void drawsEveryCentreEquallyOften() {
    double[][] drawn =
        Drawn.run(
            tf -> {
              Centre centre =
                  Cutout.of(3).draw(tf, tf.constant(10_000), 5, 7, tf.constant(new long[] {5, 6}));
              return List.of(centre.row(), centre.column());
            });

    Drawn.assertUniform(
        IntStream.range(0, 10_000).map(i -> (int) (7 * drawn[0][i] + drawn[1][i])), 35);
  }

  @Test
  void refusesBadValues() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Cutout.of(0))
        .withMessage("size must be at least 1, got 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Cutout.of(8).fill(256))
        .withMessage("fill must lie in 0..255, got 256");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Cutout.of(8).fill(-1))
        .withMessage("fill must lie in 0..255, got -1");
  }
}
