package dev.lamina.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.augment.MixUp.Mix;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MixUpTest {

  @ParameterizedTest
  @CsvSource({
    "1, 5, 7, 3, 0.37130",
    "2, 4, 6, 1, 0.5",
    "7, 5, 3, 3, 0.91237",
    "8, 6, 9, 4, 0.05113",
    "3, 2, 5, 3, 0",
    "3, 2, 5, 3, 1"
  })
  void mix_equalsPlainJava(int batch, int height, int width, int channels, float lambda) {
    Examples before = Examples.random(batch, height, width, channels);
    // Any pairs, not just those that are drawn.
    int[] partner = new Random(3).ints(batch, 0, batch).toArray();
    Examples after =
        before.through(
            (tf, b) -> MixUp.of(1).mix(tf, b, new Mix(tf.constant(lambda), tf.constant(partner))));

    Images images = before.images();
    // Math.rint rounds halves to even.
    assertThat(after.images())
        .isEqualTo(
            images.with(
                (n, y, x, c) ->
                    (int)
                        Math.rint(
                            lambda * (double) images.at(n, y, x, c)
                                + (1 - (double) lambda) * images.at(partner[n], y, x, c))));
    for (int n = 0; n < batch; n++) {
      for (int k = 0; k < 3; k++) {
        assertThat(after.target(n, k))
            .isCloseTo(
                lambda * before.target(n, k) + (1 - (double) lambda) * before.target(partner[n], k),
                Offset.offset(1e-6));
      }
      assertThat(after.weight(n))
          .isCloseTo(
              lambda * before.weight(n) + (1 - (double) lambda) * before.weight(partner[n]),
              Offset.offset(1e-6));
    }
  }

  @Test
  void mix_roundsHalvesToEven() {
    Images images = Images.of(2, 1, 4, 1, (n, y, x, c) -> n == 0 ? 2 * x : 1);
    Images mixed =
        Examples.of(images, new float[2][3], new float[2])
            .through(
                (tf, b) ->
                    MixUp.of(1)
                        .mix(tf, b, new Mix(tf.constant(0.5f), tf.constant(new int[] {1, 0}))))
            .images();
    // Half of 1, 3, 5 and 7.
    assertThat(mixed.values().asList()).containsExactly(0, 2, 2, 4, 0, 2, 2, 4);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void draw_pairsEachWithTheOneBefore(int batch) {
    double[][] drawn =
        Drawn.run(
            tf -> {
              Mix mix = MixUp.of(1).draw(tf, tf.constant(batch), tf.constant(new long[] {5, 6}));
              return List.of(mix.partner());
            });
    assertThat(drawn[0])
        .containsExactly(
            IntStream.range(0, batch).mapToDouble(i -> i == 0 ? batch - 1 : i - 1).toArray());
  }

  @Test
  void apply_drawsOneLambdaForTheBatch_fromTheSeedAlone() {
    Examples before = Examples.random(6, 5, 7, 3);
    Examples after = before.through(MixUp.of(1), 1, 2);

    assertThat(before.through(MixUp.of(1), 1, 2)).isEqualTo(after);
    assertThat(before.through(MixUp.of(1), 1, 3).targets()).isNotEqualTo(after.targets());
    double lambda = lambda(before, after, 0);
    assertThat(lambda).isBetween(0.01, 0.99);
    for (int n = 1; n < 6; n++) {
      assertThat(lambda(before, after, n)).isCloseTo(lambda, Offset.offset(1e-4));
    }
    double sum = IntStream.range(0, 6).mapToDouble(n -> before.weight(n)).sum();
    assertThat(IntStream.range(0, 6).mapToDouble(n -> after.weight(n)).sum())
        .isCloseTo(sum, Offset.offset(1e-5));
  }

  private static double lambda(Examples before, Examples after, int n) {
    double other = before.target(n == 0 ? 5 : n - 1, 0);
    return (after.target(n, 0) - other) / (before.target(n, 0) - other);
  }

  @Test
  void apply_toASingleExample_changesNothing() {
    Examples one = Examples.random(1, 3, 5, 3);
    Examples after = one.through(MixUp.of(1), 1, 2);
    assertThat(after.images()).isEqualTo(one.images());
    assertThat(after.target(0, 1)).isCloseTo(one.target(0, 1), Offset.offset(1e-6));
  }

  @Test
  void alpha_changesWhatIsDrawn() {
    Examples before = Examples.random(4, 5, 7, 3);
    assertThat(before.through(MixUp.of(0.3), 1, 2).targets())
        .isNotEqualTo(before.through(MixUp.of(1), 1, 2).targets());
  }

  @Test
  void refusesBadValues() {
    for (double alpha : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> MixUp.of(alpha))
          .withMessage("alpha must be positive and finite, got " + alpha);
    }
  }
}
