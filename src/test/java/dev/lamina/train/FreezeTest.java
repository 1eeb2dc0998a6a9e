package dev.lamina.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.data.ImageSet;
import dev.lamina.graph.Precision;
import dev.lamina.graph.Variable;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Sequential;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.optimizer.Muon;
import dev.lamina.optimizer.ParameterGroup;
import dev.lamina.optimizer.Sgd;
import dev.lamina.step.TrainStep;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FreezeTest {
  private static final int FEATURES = 4;
  private static final int CLASSES = 3;
  private static final int IMAGES = 6;
  private static final Sequential BODY =
      Sequential.of(
          Conv2d.of(FEATURES, 3),
          BatchNorm.create(),
          Activation.RELU,
          // In a frozen layer nothing is dropped out.
          Dropout.of(0.5));

  private final Model model = model();

  private static Model model() {
    Model model =
        Model.of(
            Network.input(5, 7, 3)
                .then("body", BODY)
                .then("body2", Sequential.of(Conv2d.of(FEATURES, 1), GlobalAveragePool.create()))
                .then("top", Dense.of(CLASSES)),
            1);
    // Statistics that are not the batch's.
    model
        .session()
        .assign(
            Map.of(
                model.session().variable("body.1.running_mean"),
                new float[] {0.1f, -0.1f, 0.2f, -0.3f},
                model.session().variable("body.1.running_var"),
                new float[] {0.5f, 2, 1, 0.1f}));
    return model;
  }

  @AfterEach
  void close() {
    model.close();
  }

  private static ImageSet images() {
    byte[] pixels = new byte[IMAGES * 5 * 7 * 3];
    new Random(3).nextBytes(pixels);
    int[] labels = {0, 1, 2, 0, 1, 2};
    return ImageSet.of(5, 7, 3, pixels, labels, List.of("a", "b", "c"));
  }

  private static Trainer.Builder recipe() {
    return Trainer.builder().precision(Precision.FLOAT32).epochs(3).batchSize(2);
  }

  private Map<String, float[]> weights() {
    Map<String, float[]> weights = new LinkedHashMap<>();
    model.session().read(model.variables()).forEach((v, values) -> weights.put(v.name(), values));
    return weights;
  }

  private void trainsAllBut(String... frozen) {
    Map<String, float[]> before = weights();
    recipe()
        .optimizer(MomentumOptimizer.of(0.9).weightDecay(0.1))
        .freeze(frozen)
        .build()
        .fit(model, images());
    weights()
        .forEach(
            (name, values) -> {
              boolean left =
                  List.of(frozen).stream()
                      .anyMatch(layer -> name.startsWith(layer + ".") || name.equals(layer));
              if (left) {
                assertThat(values).as(name).isEqualTo(before.get(name));
              } else {
                assertThat(values).as(name).isNotEqualTo(before.get(name));
              }
            });
  }

  @Test
  void frozenLayers_keepWeightsAndStatistics() {
    trainsAllBut("body");
  }

  /** A name is a whole name: body is not the beginning of body2. */
  @Test
  void frozenLayers_inTheMiddle() {
    trainsAllBut("body2", "body.1");
  }

  @Test
  void frozenNothing() {
    trainsAllBut();
  }

  /** The gradient of the last layer, from features that were computed as in inference. */
  @Test
  void frozenLayers_runAsInInference() {
    float[][] logits = model.logits(images());
    float[][] features = features();
    Map<String, float[]> before = weights();
    float[] weight = Objects.requireNonNull(before.get("top.weight")).clone();
    float[] bias = Objects.requireNonNull(before.get("top.bias")).clone();
    double rate = 0.5;
    for (int i = 0; i < IMAGES; i++) {
      double sum = 0;
      for (float logit : logits[i]) {
        sum += Math.exp(logit);
      }
      for (int c = 0; c < CLASSES; c++) {
        double error = Math.exp(logits[i][c]) / sum - (images().label(i) == c ? 1 : 0);
        bias[c] -= (float) (rate * error / IMAGES);
        for (int f = 0; f < FEATURES; f++) {
          weight[f * CLASSES + c] -= (float) (rate * error * features[i][f] / IMAGES);
        }
      }
    }
    Trainer trainer = recipe().optimizer(Sgd.create()).freeze("body", "body2").build();
    try (TrainStep step = trainer.step(model, images())) {
      step.run(new int[] {0, 1, 2, 3, 4, 5}, 0, rate, 0);
    }
    assertThat(weights().get("top.weight")).containsExactly(weight, within(1e-6f));
    assertThat(weights().get("top.bias")).containsExactly(bias, within(1e-6f));
    assertThat(weight).isNotEqualTo(before.get("top.weight"));
  }

  /** What the dense layer gets, by a network that gives it out. */
  private float[][] features() {
    try (Model cut =
        Model.of(
            Network.input(5, 7, 3)
                .then("body", BODY)
                .then(
                    "body2", Sequential.of(Conv2d.of(FEATURES, 1), GlobalAveragePool.create())))) {
      Map<String, float[]> weights = weights();
      Map<Variable, float[]> values = new LinkedHashMap<>();
      cut.variables().forEach(v -> values.put(v, Objects.requireNonNull(weights.get(v.name()))));
      cut.session().assign(values);
      return cut.logits(images());
    }
  }

  @Test
  void namesThatAreNoLayers() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> recipe().freeze("body", "bod").build().fit(model, images()))
        .withMessage(
            "freeze must name layers with weights, got \"bod\"; the network has [body, body2, top]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> recipe().freeze("body.2").build().fit(model, images()))
        .withMessage(
            "freeze must name layers with weights, got \"body.2\"; the network has [body, body2, top]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> recipe().freeze("body.1.running_mean").build().fit(model, images()))
        .withMessage(
            "freeze must name layers with weights, got \"body.1.running_mean\"; the network has [body, body2, top]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> recipe().freeze("body", "body2", "top").build().fit(model, images()))
        .withMessage("freeze must leave a layer to train, got [body, body2, top]");
  }

  @Test
  void networkWithoutWeights() {
    Network pooling = Network.input(5, 7, 3).then(GlobalAveragePool.create());
    try (Model none = Model.of(pooling)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> recipe().build().fit(none, images()))
          .withMessage("network must have weights to train, got none; add a layer with some");
    }
  }

  @Test
  void normalizedKernels_stayInAGroupOfRateZero() {
    Map<String, float[]> before = weights();
    recipe()
        .optimizer(Muon.of(0.9).withNormalizedKernels())
        .groups(ParameterGroup.matching("body").rate(0))
        .build()
        .fit(model, images());
    Map<String, float[]> after = weights();
    assertThat(after.get("body.0.weight")).isEqualTo(before.get("body.0.weight"));
    assertThat(after.get("body2.0.weight")).isNotEqualTo(before.get("body2.0.weight"));
  }

  @Test
  void stepOfOnesOwn_namesClasses_andIsNotUsedAfterItIsClosed() {
    TrainStep step = recipe().build().step(model, images());
    assertThat(model.classNames()).containsExactly("a", "b", "c");
    step.run(new int[] {0, 1}, 0, 0.1, 0);
    step.close();
    List<ThrowableAssert.ThrowingCallable> uses =
        List.of(
            () -> step.run(new int[] {0, 1}, 1, 0.1, 0),
            step::metrics,
            step::learningRate,
            () -> step.gradients(new int[] {0}, 1));
    for (ThrowableAssert.ThrowingCallable use : uses) {
      assertThatIllegalStateException()
          .isThrownBy(use)
          .withMessage("the step was closed: build another with Trainer.step");
    }
  }

  /** In a group whose rate is 0 weights stay, though batch norm still computes with the batch. */
  @Test
  void groupOfRateZero_keepsWeightsButNotStatistics() {
    Map<String, float[]> before = weights();
    recipe()
        .optimizer(MomentumOptimizer.of(0.9).weightDecay(0.1))
        .groups(ParameterGroup.matching("body").rate(0))
        .build()
        .fit(model, images());
    weights()
        .forEach(
            (name, values) -> {
              boolean kept = name.startsWith("body.") && !name.contains("running");
              assertThat(Arrays.equals(values, before.get(name))).as(name).isEqualTo(kept);
            });
  }

  @Test
  void groups_ofUnknownLayersOrNames_areRefused() {
    Trainer.Builder builder = recipe().groups(ParameterGroup.matching("tip"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.build().fit(model, images()))
        .withMessage(
            "layers of a parameter group must be layers with weights, got \"tip\"; the network has"
                + " [body, body2, top]");
    Trainer.Builder names = recipe().groups(ParameterGroup.matching().names("bais"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> names.build().fit(model, images()))
        .withMessage("names of a parameter group must be some of [weight, bias], got \"bais\"");
    Trainer.Builder untrained = recipe().groups(ParameterGroup.matching().names("running_var"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> untrained.build().fit(model, images()))
        .withMessage(
            "names of a parameter group must be some of [weight, bias], got \"running_var\"");
  }
}
