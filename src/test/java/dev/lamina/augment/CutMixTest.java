package dev.lamina.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.augment.CutMix.Cut;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CutMixTest {

  @ParameterizedTest
  @CsvSource({
    // In the middle, cut off at each side, in the corners, everything, nothing.
    "3, 9, 12, 3, 0.75, 4, 6",
    "2, 8, 8, 1, 0.3713, 1, 4",
    "4, 5, 7, 3, 0.2, 4, 3",
    "5, 7, 5, 3, 0.2, 3, 0",
    "2, 5, 7, 4, 0.15, 0, 0",
    "2, 5, 7, 4, 0.15, 4, 6",
    "3, 6, 8, 3, 0, 3, 4",
    "3, 6, 8, 3, 0, 0, 7",
    "3, 6, 8, 3, 1, 3, 4",
    "1, 6, 8, 3, 0.5, 3, 4",
    "2, 1, 1, 3, 0, 0, 0"
  })
  void mix_equalsPlainJava(
      int batch, int height, int width, int channels, float lambda, int row, int column) {
    Examples before = Examples.random(batch, height, width, channels);
    int[] partner = new Random(3).ints(batch, 0, batch).toArray();
    Examples after =
        before.through(
            (tf, b) ->
                CutMix.of(1)
                    .mix(
                        tf,
                        b,
                        new Cut(
                            tf.constant(lambda),
                            tf.constant(row),
                            tf.constant(column),
                            tf.constant(partner))));

    // As in the authors' code: rand_bbox and the ratio of train.py.
    double ratio = Math.sqrt(1 - lambda);
    int cutWidth = (int) (width * ratio);
    int cutHeight = (int) (height * ratio);
    int left = clip(column - cutWidth / 2, width);
    int right = clip(column + cutWidth / 2, width);
    int top = clip(row - cutHeight / 2, height);
    int bottom = clip(row + cutHeight / 2, height);
    double share = 1 - (double) (right - left) * (bottom - top) / (width * height);

    Images images = before.images();
    assertThat(after.images())
        .isEqualTo(
            images.with(
                (n, y, x, c) ->
                    images.at(
                        top <= y && y < bottom && left <= x && x < right ? partner[n] : n,
                        y,
                        x,
                        c)));
    for (int n = 0; n < batch; n++) {
      for (int k = 0; k < 3; k++) {
        assertThat(after.target(n, k))
            .isCloseTo(
                share * before.target(n, k) + (1 - share) * before.target(partner[n], k),
                Offset.offset(1e-6));
      }
      assertThat(after.weight(n))
          .isCloseTo(
              share * before.weight(n) + (1 - share) * before.weight(partner[n]),
              Offset.offset(1e-6));
    }
  }

  private static int clip(int position, int size) {
    return Math.max(0, Math.min(position, size));
  }

  private static double[][] drawn(CutMix cutMix, int times) {
    return Drawn.repeat(
        times,
        (tf, seed) -> {
          Cut cut = cutMix.draw(tf, tf.constant(2), 5, 7, seed);
          return List.of(cut.lambda(), cut.row(), cut.column());
        });
  }

  @Test
  void draw_takesEveryCentreEquallyOften_andLambdaFromBeta() {
    int times = 4000;
    double[][] drawn = drawn(CutMix.of(1), times);
    Drawn.assertUniform(
        IntStream.range(0, times).map(i -> (int) (7 * drawn[1][i] + drawn[2][i])), 35);
    Drawn.assertDistribution(drawn[0], x -> x);
    // A centre tells nothing about lambda.
    Drawn.assertDistribution(
        IntStream.range(0, times)
            .filter(i -> drawn[1][i] == 0)
            .mapToDouble(i -> drawn[0][i])
            .toArray(),
        x -> x);
  }

  @Test
  void probability_leavesTheOtherBatchesAsTheyAre() {
    int times = 2000;
    double[] lambda = drawn(CutMix.of(1).probability(0.3), times)[0];
    long mixed = Arrays.stream(lambda).filter(x -> x < 1).count();
    // Five standard deviations of a binomial distribution.
    assertThat((double) mixed / times)
        .isCloseTo(0.3, Offset.offset(5 * Math.sqrt(0.3 * 0.7 / times)));
    assertThat(Arrays.stream(drawn(CutMix.of(1), times)[0]).filter(x -> x < 1).count())
        .isGreaterThan(times - 2);
    // Those that are mixed are mixed as without it.
    Drawn.assertDistribution(Arrays.stream(lambda).filter(x -> x < 1).toArray(), x -> x);
  }

  @Test
  void alpha_changesWhatIsDrawn() {
    assertThat(drawn(CutMix.of(0.2), 5)[0]).isNotEqualTo(drawn(CutMix.of(1), 5)[0]);
  }

  @Test
  void apply_dependsOnTheSeedAlone() {
    Examples before = Examples.random(6, 15, 17, 3);
    Examples after = before.through(CutMix.of(1), 1, 2);
    assertThat(after.images()).isNotEqualTo(before.images());
    assertThat(after.targets()).isNotEqualTo(before.targets());
    assertThat(before.through(CutMix.of(1), 1, 2)).isEqualTo(after);
    assertThat(before.through(CutMix.of(1), 1, 3).targets()).isNotEqualTo(after.targets());
  }

  @Test
  void chain_mixesWhatWasCroppedAndFlipped() {
    Examples before = Examples.random(6, 9, 11, 3);
    List<BatchAugmentation> order =
        List.of(
            RandomCrop.reflect(2),
            RandomFlip.horizontal(),
            MixUp.of(1),
            RandomFlip.horizontal(),
            CutMix.of(1));
    Examples chained = before.through(new Chain(order), 1, 2);
    Examples oneByOne =
        before.through(
            (tf, batch) -> {
              var seeds = RandomOps.split(tf, tf.constant(new long[] {1, 2}), order.size());
              Batch changed = batch;
              for (int i = 0; i < order.size(); i++) {
                changed = order.get(i).apply(tf, changed, seeds.get(i));
              }
              return changed;
            });
    assertThat(chained).isEqualTo(oneByOne);
    assertThat(chained.targets()).isNotEqualTo(before.targets());
    assertThat(before.through(new Chain(order.subList(0, 4)), 1, 2).targets())
        .isNotEqualTo(chained.targets());
  }

  @Test
  void refusesBadValues() {
    for (double alpha : new double[] {0, -0.5, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> CutMix.of(alpha))
          .withMessage("alpha must be positive and finite, got " + alpha);
    }
    for (double probability : new double[] {0, -0.5, 1.5, Double.NaN}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> CutMix.of(1).probability(probability))
          .withMessage("probability must be in (0, 1], got " + probability);
    }
  }
}
