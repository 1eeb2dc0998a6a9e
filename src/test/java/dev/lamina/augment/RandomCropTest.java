package dev.lamina.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.augment.RandomCrop.Border;
import dev.lamina.augment.RandomCrop.Window;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RandomCropTest {

  @ParameterizedTest
  @EnumSource
  void cutsEveryWindowOutOfThePaddedImage(Border border) {
    assertEveryWindow(border, 1, 5, 7, 1);
    assertEveryWindow(border, 2, 6, 4, 3);
    assertEveryWindow(border, 3, 4, 9, 2);
  }

  private static void assertEveryWindow(
      Border border, int padding, int height, int width, int channels) {
    int side = 2 * padding + 1;
    int[] top = IntStream.range(0, side * side).map(i -> i / side).toArray();
    int[] left = IntStream.range(0, side * side).map(i -> i % side).toArray();
    Images images = Images.random(side * side, height, width, channels);
    RandomCrop crop = new RandomCrop(padding, border);

    assertThat(
            images.through(
                (tf, x) -> crop.crop(tf, x, new Window(tf.constant(top), tf.constant(left)))))
        .isEqualTo(
            images.with(
                (n, y, x, c) ->
                    outside(border, images, n, y + top[n] - padding, x + left[n] - padding, c)));
  }

  /** Returns the pixel at a position that may lie outside of the image. */
  private static int outside(Border border, Images images, int n, int y, int x, int c) {
    int bottom = images.height() - 1;
    int right = images.width() - 1;
    return switch (border) {
      case REFLECT -> images.at(n, bounce(y, bottom), bounce(x, right), c);
      case EDGE ->
          images.at(n, Math.min(Math.max(y, 0), bottom), Math.min(Math.max(x, 0), right), c);
      case ZERO -> y < 0 || x < 0 || y > bottom || x > right ? 0 : images.at(n, y, x, c);
    };
  }

  /** Walks from 0 to last and back again, without end. */
  private static int bounce(int position, int last) {
    return last - Math.abs(last - Math.floorMod(position, 2 * last));
  }

  @Test
  void cropsASingleImage() {
    Images image = Images.random(1, 3, 5, 1);
    assertThat(
            image.through(
                (tf, x) ->
                    RandomCrop.zero(2)
                        .crop(
                            tf,
                            x,
                            new Window(tf.constant(new int[] {4}), tf.constant(new int[] {0})))))
        .isEqualTo(image.with((n, y, x, c) -> y == 0 && x >= 2 ? image.at(0, 2, x - 2, 0) : 0));
  }

  @Test
  void drawsEveryWindowEquallyOften() {
    double[][] drawn =
        Drawn.run(
            tf -> {
              Window window =
                  RandomCrop.reflect(4)
                      .draw(tf, tf.constant(20_000), tf.constant(new long[] {1, 2}));
              return List.of(window.top(), window.left());
            });

    Drawn.assertUniform(
        IntStream.range(0, 20_000).map(i -> (int) (9 * drawn[0][i] + drawn[1][i])), 81);
  }

  @Test
  void refusesBadPadding() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RandomCrop.reflect(0))
        .withMessage("padding must be at least 1, got 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RandomCrop.zero(-1))
        .withMessage("padding must be at least 1, got -1");
  }

  @Test
  void refusesAReflectionAsLargeAsTheImage() {
    Images images = Images.random(1, 5, 4, 3);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> images.through(RandomCrop.reflect(4), 1, 2))
        .withMessage("reflect padding must be smaller than the image, got 4 for 5x4 pixels");
    assertThat(images.through(RandomCrop.edge(4), 1, 2).height()).isEqualTo(5);
  }
}
