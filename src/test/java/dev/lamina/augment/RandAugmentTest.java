package dev.lamina.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.Golden;
import dev.lamina.Golden.Tensor;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RandAugmentTest {
  /** What torchvision computes in float32 and truncates: rounding may cross a whole number. */
  private static final Set<Distortion> BLENDS =
      EnumSet.of(
          Distortion.BRIGHTNESS,
          Distortion.COLOR,
          Distortion.CONTRAST,
          Distortion.SHARPNESS,
          Distortion.AUTO_CONTRAST);

  private final Map<String, Tensor> golden = Golden.tensors("zoo_randaugment.safetensors");

  private Images images(String name) {
    Tensor tensor = Golden.at(golden, name);
    byte[] values = tensor.bytes();
    int[] shape = Arrays.stream(tensor.shape()).mapToInt(Math::toIntExact).toArray();
    return Images.of(
        shape[0],
        shape[1],
        shape[2],
        shape[3],
        (n, y, x, c) ->
            Byte.toUnsignedInt(values[((n * shape[1] + y) * shape[2] + x) * shape[3] + c]));
  }

  private static int drawn(Distortion distortion) {
    return 2 * Distortion.ALL.indexOf(distortion);
  }

  private static int largestDifference(Images a, Images b) {
    return IntStream.range(0, a.values().length())
        .map(i -> Math.abs(a.values().get(i) - b.values().get(i)))
        .max()
        .orElseThrow();
  }

  /**
   * Each image of a batch by another operation, against torchvision, pixel for pixel, up to
   * float32.
   */
  @ParameterizedTest
  @CsvSource({"colour, 9", "colour, 30", "grey, 9", "grey, 30"})
  void everyOperation(String kind, int magnitude) {
    Images two = images(kind);
    int count = 2 * Distortion.ALL.size();
    int[] drawn = new int[2 * count];
    Arrays.setAll(drawn, i -> i / 2);
    Images many =
        Images.of(
            2 * count,
            two.height(),
            two.width(),
            two.channels(),
            (n, y, x, c) -> two.at(n % 2, y, x, c));

    Images changed =
        many.through(
            (tf, x) ->
                RandAugment.create().magnitude(magnitude).distort(tf, x, tf.constant(drawn)));

    for (int i = 0; i < count; i++) {
      String name = "%s.%s.%s".formatted(kind, magnitude, i / 2);
      Images expected = images(i % 2 == 1 && golden.containsKey(name + "-") ? name + "-" : name);
      int first = 2 * i;
      Images actual = two.with((n, y, x, c) -> changed.at(first + n, y, x, c));
      Distortion distortion = Distortion.ALL.get(i / 2);
      int tolerance = BLENDS.contains(distortion) ? 1 : 0;
      assertThat(largestDifference(actual, expected))
          .as("%s %s", distortion, name)
          .isLessThanOrEqualTo(tolerance);
    }
  }

  /** The threshold is 255 - 8.5 * magnitude, in torchvision too. */
  @ParameterizedTest
  @CsvSource({"8, 187", "10, 170", "20, 85", "22, 68", "30, 0"})
  void solarize_invertsFromItsThresholdOn(int magnitude, int threshold) {
    assertThat(Distortion.SOLARIZE.value(threshold, magnitude / 30.0)).isEqualTo(255 - threshold);
    assertThat(Distortion.SOLARIZE.value(threshold - 1, magnitude / 30.0)).isEqualTo(threshold - 1);
  }

  @Test
  void imageOfOneValue_andTinyImage_stayWhole() {
    RandAugment augment = RandAugment.create();
    int[] flat = {drawn(Distortion.EQUALIZE), drawn(Distortion.AUTO_CONTRAST)};
    Images sevens = Images.of(2, 20, 20, 3, (n, y, x, c) -> 7);
    assertThat(sevens.through((tf, x) -> augment.distort(tf, x, tf.constant(flat))))
        .isEqualTo(sevens);

    int[] tiny = {drawn(Distortion.SHARPNESS), drawn(Distortion.EQUALIZE)};
    Images two = Images.random(2, 2, 20, 3);
    assertThat(two.through((tf, x) -> augment.distort(tf, x, tf.constant(tiny)))).isEqualTo(two);
  }

  @Test
  void drawsEveryOperationEquallyOften() {
    double[][] drawn =
        Drawn.run(
            tf ->
                List.of(RandAugment.draw(tf, tf.constant(10_000), tf.constant(new long[] {5, 6}))));

    Drawn.assertUniform(Arrays.stream(drawn[0]).mapToInt(i -> (int) i), 28);
  }

  @Test
  void moreOperations_areDrawnAfterTheFirst() {
    Images images = images("colour");
    RandAugment one = RandAugment.create().operations(1);
    Images twice =
        images.through(
            (tf, x) -> {
              var seeds = RandomOps.split(tf, tf.constant(new long[] {5, 6}), 2);
              var once = one.distort(tf, x, RandAugment.draw(tf, tf.constant(2), seeds.get(0)));
              return one.distort(tf, once, RandAugment.draw(tf, tf.constant(2), seeds.get(1)));
            });

    assertThat(images.through(RandAugment.create(), 5, 6)).isEqualTo(twice);
    assertThat(images.through(one, 5, 6)).isNotEqualTo(twice);
  }

  @Test
  void refusesBadValues() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RandAugment.create().operations(0))
        .withMessage("operations must be at least 1, got 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RandAugment.create().magnitude(31))
        .withMessage("magnitude must lie in 0..30, got 31");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Images.random(1, 4, 4, 2).through(RandAugment.create(), 1, 2))
        .withMessage("RandAugment needs images of 1 or 3 channels, got 2");
  }
}
