package dev.lamina.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.augment.RandomTranslate.Shift;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RandomTranslateTest {

  @Test
  void shiftsAndFillsWithZeros() {
    int[] down = {0, 2, -1, -2};
    int[] right = {0, -1, 2, -2};
    Images images = Images.random(4, 5, 3, 3);

    assertThat(
            images.through(
                (tf, x) ->
                    RandomTranslate.of(2)
                        .translate(tf, x, new Shift(tf.constant(down), tf.constant(right)))))
        .isEqualTo(
            images.with(
                (n, y, x, c) -> {
                  int fromY = y - down[n];
                  int fromX = x - right[n];
                  boolean inside = fromY >= 0 && fromY < 5 && fromX >= 0 && fromX < 3;
                  return inside ? images.at(n, fromY, fromX, c) : 0;
                }));
  }

  @Test
  void drawsEveryShiftEquallyOften() {
    double[][] drawn =
        Drawn.run(
            tf -> {
              Shift shift =
                  RandomTranslate.of(2)
                      .draw(tf, tf.constant(10_000), tf.constant(new long[] {3, 4}));
              return List.of(shift.down(), shift.right());
            });

    Drawn.assertUniform(
        IntStream.range(0, 10_000).map(i -> (int) (5 * (drawn[0][i] + 2) + drawn[1][i] + 2)), 25);
  }

  @Test
  void refusesNoShift() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RandomTranslate.of(0))
        .withMessage("max must be at least 1, got 0");
  }
}
