package dev.lamina.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Precision;
import dev.lamina.graph.Variable;
import dev.lamina.layer.Activation;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.metric.Accuracy;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.optimizer.Sgd;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/** An exchange in place of none: what is applied is what it returns. */
class ExchangeTest {
  private static final ImageSet IMAGES =
      ImageData.embedded().train().subset(IntStream.range(0, 12).toArray());
  private static final Network NETWORK =
      Network.input(32, 32, 3)
          .then(Conv2d.of(3, 3).stride(4), Activation.TANH)
          .then(GlobalAveragePool.create(), Dense.of(10));

  private static StepOptions options(int accumulate, int stepsPerEpoch, Exchange exchange) {
    return new StepOptions(
        List.of(),
        1,
        CrossEntropy.create(),
        List.of(Accuracy.create()),
        Sgd.create(),
        List.of(),
        Precision.FLOAT32,
        false,
        new FrozenLayers(List.of(), List.of()),
        accumulate,
        1,
        stepsPerEpoch,
        IMAGES.size(),
        exchange,
        List.of());
  }

  @Test
  void numbersOfTheStep_mustBePositive() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> options(0, 1, Exchange.none()))
        .withMessage("accumulate must be positive, got 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> options(1, 0, Exchange.none()))
        .withMessage("stepsPerEpoch must be positive, got 0");
  }

  private static TrainStep step(Model model, Exchange exchange) {
    return new TrainStep(model, IMAGES, options(1, 1, exchange));
  }

  private static float[] trained(Exchange exchange, int... batch) {
    try (Model model = Model.of(NETWORK, 1);
        TrainStep step = step(model, exchange)) {
      step.run(batch, 0, 0.5, 0);
      return model.weights().get("0.weight");
    }
  }

  private static Exchange scaled(float factor) {
    return (tf, local) -> {
      Map<Variable, Operand<TFloat32>> gradients = new LinkedHashMap<>();
      local
          .gradients()
          .forEach(
              (variable, gradient) ->
                  gradients.put(variable, tf.math.mul(gradient, tf.constant(factor))));
      return new Contribution(local.loss(), gradients, local.statistics(), local.sums());
    };
  }

  /** The mean of the gradients of two halves of a batch moves the weights as the batch does. */
  @Test
  void meanOfTwoShards_isTheStepOfTheWholeBatch() {
    float[] initial;
    try (Model model = Model.of(NETWORK, 1)) {
      initial = model.weights().get("0.weight");
    }
    float[] first = trained(scaled(0.5f), 0, 1, 2, 3, 4, 5);
    float[] second = trained(scaled(0.5f), 6, 7, 8, 9, 10, 11);
    float[] whole = trained(Exchange.none(), IntStream.range(0, 12).toArray());
    for (int i = 0; i < initial.length; i++) {
      assertThat(first[i] + second[i] - initial[i]).isCloseTo(whole[i], Offset.offset(1e-6f));
    }
    assertThat(first).isNotEqualTo(whole);
  }

  /** One worker's gradients that are not finite stop the step of all. */
  @Test
  void stepThatIsNotFinite_isFoundAfterTheExchange() {
    try (Model model = Model.of(NETWORK, 1);
        TrainStep step = step(model, scaled(Float.NaN))) {
      float[] before = model.weights().get("0.weight");
      assertThatExceptionOfType(DivergenceException.class)
          .isThrownBy(() -> step.run(new int[] {0, 1}, 7, 0.5, 0))
          .withMessage(
              "training diverged at step 7 (learning rate 0.5): the loss, a gradient or a weight is not"
                  + " finite. The weights are those before the step. Try a lower learning rate, a"
                  + " warm-up or clipNorm");
      assertThat(model.weights().get("0.weight")).isEqualTo(before);
      assertThat(step.metrics().images()).isZero();
    }
  }
}
