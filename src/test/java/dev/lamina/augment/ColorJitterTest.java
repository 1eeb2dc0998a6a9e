package dev.lamina.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.augment.ColorJitter.Factors;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ColorJitterTest {

  /** float32 rounding at 255, through three changes: what may decide between two integers. */
  private static final double NEAR_HALF = 1e-3;

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1",
    "0, 1, 1",
    "0.6, 1, 1",
    "1.7, 1, 1",
    "1, 0, 1",
    "1, 0.4, 1",
    "1, 2.5, 1",
    "1, 1, 0",
    "1, 1, 0.3",
    "1, 1, 3",
    "1.3, 0.7, 1.9"
  })
  void blendsAsDefined(float brightness, float contrast, float saturation) {
    for (int channels : new int[] {1, 3}) {
      Images images = Images.random(1, 5, 7, channels);
      Images changed = jitter(images, brightness, contrast, saturation);
      double[] expected = reference(images, brightness, contrast, saturation);
      for (int i = 0; i < expected.length; i++) {
        assertThat(Math.abs(changed.values().get(i) - expected[i])).isLessThan(0.5 + NEAR_HALF);
      }
    }
  }

  @Test
  void givesEachImageItsOwnFactors() {
    Images images = Images.random(2, 3, 5, 3);
    Images changed =
        images.through(
            (tf, x) ->
                ColorJitter.create()
                    .jitter(
                        tf,
                        x,
                        new Factors(
                            tf.constant(new float[] {0, 1}),
                            tf.constant(new float[] {1, 1}),
                            tf.constant(new float[] {1, 1}))));

    assertThat(changed).isEqualTo(images.with((n, y, x, c) -> n == 0 ? 0 : images.at(n, y, x, c)));
  }

  @Test
  void pinnedValues() {
    Images image = Images.of(1, 1, 2, 3, (n, y, x, c) -> x == 0 ? new int[] {200, 100, 50}[c] : 10);

    // The grey values are 0.2989 * 200 + 0.587 * 100 + 0.114 * 50 = 124.18 and 9.999; their mean is
    // 67.0895.
    assertThat(jitter(image, 1, 1, 0).values().asList()).containsExactly(124, 124, 124, 10, 10, 10);
    assertThat(jitter(image, 1, 0, 1).values().asList()).containsExactly(67, 67, 67, 67, 67, 67);
    assertThat(jitter(image, 2, 1, 1).values().asList()).containsExactly(255, 200, 100, 20, 20, 20);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.4, 1.5})
  void drawsUniformlyWithinTheRange(double change) {
    double low = Math.max(0, 1 - change);
    double high = 1 + change;
    double[][] drawn =
        draw(ColorJitter.create().brightness(change).contrast(change).saturation(change));

    for (double[] factors : drawn) {
      assertThat(Arrays.stream(factors).min().orElseThrow()).isBetween(low - 1e-6, low + 0.01);
      assertThat(Arrays.stream(factors).max().orElseThrow()).isBetween(high - 0.01, high + 1e-6);
      Drawn.assertUniform(
          Arrays.stream(factors)
              .mapToInt(
                  factor -> (int) Math.min(9, Math.max(0, 10 * (factor - low) / (high - low)))),
          10);
    }
    assertThat(drawn[0]).isNotEqualTo(drawn[1]);
    assertThat(drawn[1]).isNotEqualTo(drawn[2]);
  }

  @Test
  void eachOptionChangesItsOwnFactorOnly() {
    double[] ones = new double[5_000];
    Arrays.fill(ones, 1);
    ColorJitter none = ColorJitter.create();

    assertThat(draw(none)).isDeepEqualTo(new double[][] {ones, ones, ones});
    ColorJitter[] single = {none.brightness(0.5), none.contrast(0.5), none.saturation(0.5)};
    for (int option = 0; option < single.length; option++) {
      double[][] drawn = draw(single[option]);
      for (int factor = 0; factor < drawn.length; factor++) {
        assertThat(Arrays.equals(drawn[factor], ones)).isEqualTo(factor != option);
      }
    }
  }

  @Test
  void withoutOptionsChangesNothing() {
    Images images = Images.random(3, 5, 7, 3);
    assertThat(images.through(ColorJitter.create(), 1, 2)).isEqualTo(images);
  }

  @Test
  void refusesBadValues() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ColorJitter.create().brightness(-0.1))
        .withMessage("brightness must not be negative or infinite, got -0.1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ColorJitter.create().contrast(Double.NaN))
        .withMessage("contrast must not be negative or infinite, got NaN");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ColorJitter.create().saturation(Double.POSITIVE_INFINITY))
        .withMessage("saturation must not be negative or infinite, got Infinity");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Images.random(1, 3, 3, 4).through(ColorJitter.create(), 1, 2))
        .withMessage("colour jitter needs images of 1 or 3 channels, got 4");
  }

  private static Images jitter(Images image, float brightness, float contrast, float saturation) {
    return image.through(
        (tf, x) ->
            ColorJitter.create()
                .jitter(
                    tf,
                    x,
                    new Factors(
                        tf.constant(new float[] {brightness}),
                        tf.constant(new float[] {contrast}),
                        tf.constant(new float[] {saturation}))));
  }

  private static double[][] draw(ColorJitter jitter) {
    return Drawn.run(
        tf -> {
          Factors factors = jitter.draw(tf, tf.constant(5_000), tf.constant(new long[] {7, 8}));
          return List.of(factors.brightness(), factors.contrast(), factors.saturation());
        });
  }

  /** Computes what a single image becomes, before rounding. */
  private static double[] reference(
      Images image, double brightness, double contrast, double saturation) {
    int channels = image.channels();
    double[] values = image.values().stream().mapToDouble(value -> value).toArray();
    for (int i = 0; i < values.length; i++) {
      values[i] = clip(brightness * values[i]);
    }
    double sum = 0;
    for (int i = 0; i < values.length; i += channels) {
      sum += grey(values, i, channels);
    }
    double mean = sum * channels / values.length;
    for (int i = 0; i < values.length; i++) {
      values[i] = clip(contrast * values[i] + (1 - contrast) * mean);
    }
    for (int i = 0; i < values.length; i += channels) {
      double grey = grey(values, i, channels);
      for (int c = i; c < i + channels; c++) {
        values[c] = clip(saturation * values[c] + (1 - saturation) * grey);
      }
    }
    return values;
  }

  private static double grey(double[] values, int pixel, int channels) {
    return channels == 1
        ? values[pixel]
        : 0.2989 * values[pixel] + 0.587 * values[pixel + 1] + 0.114 * values[pixel + 2];
  }

  private static double clip(double value) {
    return Math.max(0, Math.min(255, value));
  }
}
