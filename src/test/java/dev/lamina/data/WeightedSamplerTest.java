package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How often images are drawn, against the probabilities that their weights say. */
class WeightedSamplerTest {
  private static final int[] LABELS = {0, 0, 0, 0, 0, 0, 0, 1, 1, 2};
  private static final ImageSet SET =
      ImageSet.of(1, 1, 3, new byte[30], LABELS, List.of("a", "b", "c"));
  private static final int EPOCHS = 4000;

  private static void check(Sampler sampler, double... weights) {
    double all = Arrays.stream(weights).sum();
    double[] drawn = new double[LABELS.length];
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
      int[] order = sampler.order(SET, 3, epoch);
      assertThat(order).hasSize(LABELS.length);
      for (int index : order) {
        drawn[index]++;
      }
    }
    double draws = (double) EPOCHS * LABELS.length;
    for (int i = 0; i < drawn.length; i++) {
      double p = weights[i] / all;
      // Five standard deviations of a binomial distribution.
      assertThat(drawn[i] / draws)
          .as("image %s", i)
          .isCloseTo(p, within(5 * Math.sqrt(p * (1 - p) / draws)));
    }
  }

  @Test
  void balanced_drawsEveryClassEquallyOften() {
    double seventh = 1.0 / 7;
    check(
        WeightedSampler.balanced(),
        seventh,
        seventh,
        seventh,
        seventh,
        seventh,
        seventh,
        seventh,
        0.5,
        0.5,
        1);
  }

  @Test
  void classesAndImages_areDrawnByTheirWeights() {
    check(WeightedSampler.ofClasses(0, 1, 5), 0, 0, 0, 0, 0, 0, 0, 1, 1, 5);
    double[] each = {1, 2, 0, 4, 5, 6, 0, 8, 9, 10};
    check(WeightedSampler.ofImages(each), each);
  }

  @Test
  void shuffled_hasEveryImageOnce() {
    int[] order = Shuffled.create().order(SET, 3, 1);
    assertThat(order).isEqualTo(Permutation.of(10, 3, 1));
    assertThat(order).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  }

  @Test
  void order_dependsOnSeedAndEpoch() {
    Sampler sampler = WeightedSampler.balanced();
    assertThat(sampler.order(SET, 3, 1))
        .isEqualTo(sampler.order(SET, 3, 1))
        .isNotEqualTo(sampler.order(SET, 3, 2))
        .isNotEqualTo(sampler.order(SET, 4, 1));
  }

  @Test
  void weights_thatDoNotFit() {
    refuses(
        () -> WeightedSampler.ofClasses(1, -1, 1),
        "weights must be finite and not negative, got -1.0");
    refuses(() -> WeightedSampler.ofClasses(), "weights must not be empty");
    refuses(
        () -> WeightedSampler.ofImages(0, 0),
        "weights must have a sum above 0, got 2 weights of 0");
    refuses(
        () -> WeightedSampler.ofClasses(1e308, 1e308, 1e308).order(SET, 1, 1),
        "weights must have a finite sum over the images, got [1.0E308, 1.0E308, 1.0E308]");
    refuses(
        () -> WeightedSampler.ofClasses(1, 1).order(SET, 1, 1),
        "weights must be one for each of the 3 classes, got 2");
    refuses(
        () -> WeightedSampler.ofImages(1, 1).order(SET, 1, 1),
        "weights must be one for each of the 10 images that are trained on, got 2");
  }

  private static void refuses(Runnable call, String message) {
    assertThatIllegalArgumentException().isThrownBy(call::run).withMessage(message);
  }
}
