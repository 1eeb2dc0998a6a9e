package dev.lamina.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.augment.RandomResizedCrop.Part;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RandomResizedCropTest {
  private static final int HEIGHT = 6;
  private static final int WIDTH = 9;

  private static float[][] drawn(RandomResizedCrop crop, int batch) {
    double[][] drawn =
        Drawn.run(
            tf -> {
              Part part =
                  crop.draw(tf, tf.constant(batch), HEIGHT, WIDTH, tf.constant(new long[] {5, 6}));
              return List.of(part.top(), part.left(), part.height(), part.width());
            });
    float[][] floats = new float[4][batch];
    for (int i = 0; i < 4; i++) {
      for (int n = 0; n < batch; n++) {
        floats[i][n] = (float) drawn[i][n];
      }
    }
    return floats;
  }

  @ParameterizedTest
  @CsvSource({"1, 3", "50, 1", "50, 3"})
  void interpolatesLinearlyBetweenPixels(int batch, int channels) {
    RandomResizedCrop crop = RandomResizedCrop.create();
    float[][] part = drawn(crop, batch);
    Images images = Images.random(batch, HEIGHT, WIDTH, channels);
    Images actual =
        images.through(
            (tf, x) ->
                crop.scale(
                    tf,
                    x,
                    new Part(
                        tf.constant(part[0]),
                        tf.constant(part[1]),
                        tf.constant(part[2]),
                        tf.constant(part[3]))));
    for (int n = 0; n < batch; n++) {
      for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
          for (int c = 0; c < channels; c++) {
            double row = part[0][n] + (y + 0.5) * part[2][n] / HEIGHT - 0.5;
            double column = part[1][n] + (x + 0.5) * part[3][n] / WIDTH - 0.5;
            assertThat((double) actual.at(n, y, x, c))
                .isCloseTo(interpolated(images, n, row, column, c), within(0.5 + 1e-3));
          }
        }
      }
    }
  }

  /** The mean of all pixels by tents around the point; points beyond the border are moved to it. */
  private static double interpolated(Images images, int n, double row, double column, int c) {
    double y = Math.max(0, Math.min(HEIGHT - 1, row));
    double x = Math.max(0, Math.min(WIDTH - 1, column));
    double sum = 0;
    for (int v = 0; v < HEIGHT; v++) {
      for (int u = 0; u < WIDTH; u++) {
        double weight = Math.max(0, 1 - Math.abs(v - y)) * Math.max(0, 1 - Math.abs(u - x));
        sum += weight * images.at(n, v, u, c);
      }
    }
    return sum;
  }

  @Test
  void wholeImage_isUnchanged() {
    Images images = Images.random(3, 5, 7, 3);
    Images whole =
        images.through(
            (tf, x) ->
                RandomResizedCrop.create()
                    .scale(
                        tf,
                        x,
                        new Part(
                            tf.constant(new float[3]),
                            tf.constant(new float[3]),
                            tf.constant(new float[] {5, 5, 5}),
                            tf.constant(new float[] {7, 7, 7}))));
    assertThat(whole).isEqualTo(images);
  }

  @Test
  void drawsAreasProportionsAndPlacesUniformly() {
    int batch = 20_000;
    // Parts that never exceed the image, so that nothing is cut.
    RandomResizedCrop crop = new RandomResizedCrop(0.1, 1.2);
    float[][] part = drawn(crop, batch);
    double[] areas = new double[batch];
    double[] logs = new double[batch];
    int inside = 0;
    for (int n = 0; n < batch; n++) {
      assertThat(part[0][n]).isBetween(0f, HEIGHT - part[2][n] + 1e-4f);
      assertThat(part[1][n]).isBetween(0f, WIDTH - part[3][n] + 1e-4f);
      areas[n] = part[2][n] * part[3][n] / (HEIGHT * WIDTH);
      logs[n] = Math.log(part[3][n] / part[2][n]);
      inside += part[2][n] < HEIGHT ? 1 : 0;
    }
    assertThat(inside).isBetween(batch / 2, batch - 1);
    double[] small = Arrays.stream(areas).filter(area -> area < 0.5).toArray();
    // Below half of the area no side is cut: the rest of the interval [0.1, 1] is uniform.
    assertThat(small.length / (double) batch).isCloseTo(0.4 / 0.9, within(0.015));
    assertThat(Arrays.stream(small).average().orElseThrow()).isCloseTo(0.3, within(0.005));
    double[] free =
        IntStream.range(0, batch).filter(n -> areas[n] < 0.5).mapToDouble(n -> logs[n]).toArray();
    double limit = Math.log(1.2);
    assertThat(Arrays.stream(free).max().orElseThrow()).isBetween(0.98 * limit, limit + 1e-5);
    assertThat(Arrays.stream(free).min().orElseThrow()).isBetween(-limit - 1e-5, -0.98 * limit);
    assertThat(Arrays.stream(free).average().orElseThrow()).isCloseTo(0, within(0.01));
  }

  @Test
  void refusesBadValues() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RandomResizedCrop.create().minArea(0))
        .withMessage("minArea must be in (0, 1], got 0.0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RandomResizedCrop.create().maxRatio(0.5))
        .withMessage("maxRatio must be at least 1, got 0.5");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RandomResizedCrop.create().maxRatio(Double.POSITIVE_INFINITY))
        .withMessage("maxRatio must be finite, got Infinity");
  }
}
