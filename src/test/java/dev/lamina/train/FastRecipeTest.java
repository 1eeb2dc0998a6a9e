package dev.lamina.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Precision;
import dev.lamina.model.Model;
import dev.lamina.model.Weights;
import dev.lamina.zoo.Zoo;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FastRecipeTest {
  private static final ImageSet IMAGES =
      ImageData.embedded().train().subset(IntStream.range(0, 64).toArray());

  /** A fifth of the peak, the peak at 23 % of the steps, and 7 % of it at the end. */
  @Test
  void schedule_isATriangle() {
    var schedule = Recipes.get(Recipes.FAST).schedule();
    assertThat(schedule.learningRate(0, 1000)).isCloseTo(0.3, within(1e-12));
    assertThat(schedule.learningRate(229, 1000)).isCloseTo(1.5, within(1e-12));
    assertThat(schedule.learningRate(999, 1000)).isCloseTo(0.105, within(1e-12));
    assertThat(schedule.learningRate(614, 1000)).isCloseTo((1.5 + 0.105) / 2, within(1e-3));
    assertThat(schedule.momentum(500, 1000)).isEmpty();
  }

  /** That is what it is for. */
  @Test
  void publishedMuon_learnsFasterThanPublished() {
    assertThat(learnt("published-muon")).isGreaterThan(2 * learnt("published"));
  }

  /** How far the loss has fallen from that of guessing. */
  private static double learnt(String name) {
    Recipe recipe =
        Recipes.get(name).epochs(4).batchSize(32).precision(Optional.of(Precision.FLOAT32));
    try (Model model =
        Zoo.get("resnet-cifar")
            .width(4)
            .inputChannels(IMAGES.channels())
            .imageSize(IMAGES.height(), IMAGES.width())
            .build()) {
      double loss = Trainer.builder(recipe).build().fit(model, IMAGES).last().loss();
      return Math.log(IMAGES.classNames().size()) - loss;
    }
  }

  /** The whole recipe on a narrow network: all but what is fixed moves, and the loss falls. */
  @ParameterizedTest
  @CsvSource({
    "fast, airbench94",
    "fast-muon, airbench94",
    "half-hour, airbench96",
    "thorough, airbench96"
  })
  void trainsTheNetworkThatItIsFor(String name, String network) {
    Recipe recipe =
        Recipes.get(name).epochs(6).batchSize(32).precision(Optional.of(Precision.FLOAT32));
    try (Model model =
        Zoo.get(network)
            .width(4)
            .inputChannels(IMAGES.channels())
            .imageSize(IMAGES.height(), IMAGES.width())
            .build()) {
      model.adapt(IMAGES);
      Weights before = model.weights();
      History history = Trainer.builder(recipe).build().fit(model, IMAGES);
      assertThat(history.last().loss()).isLessThan(history.epochs().get(0).loss());
      Weights after = model.weights();
      for (String weight : before.names()) {
        boolean fixed = weight.equals("0.weight") || weight.matches(".*norm.\\.weight");
        assertThat(Arrays.equals(before.get(weight), after.get(weight)))
            .as(weight)
            .isEqualTo(fixed);
      }
    }
  }
}
