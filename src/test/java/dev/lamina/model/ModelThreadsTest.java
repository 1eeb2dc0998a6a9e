package dev.lamina.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.Threads;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Device;
import dev.lamina.graph.Precision;
import dev.lamina.graph.PretendGpu;
import dev.lamina.graph.Variable;
import dev.lamina.inference.FrozenNetwork;
import dev.lamina.network.Network;
import dev.lamina.network.Servable;
import dev.lamina.train.Callback;
import dev.lamina.train.RunHandle;
import dev.lamina.train.StepEvent;
import dev.lamina.train.Trainer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TUint8;

/** One model, many threads. */
class ModelThreadsTest {
  private static final String CLOSED = "the model was closed: build or load it again";
  private static final ImageSet IMAGES = ModelTest.images(13);
  private static final Network NETWORK = ModelTest.NETWORK;

  private static void use(Model model) {
    for (Prediction prediction : model.predict(IMAGES)) {
      assertThat(prediction.probabilities().stream().sum()).isCloseTo(1, within(1e-9));
    }
    assertThat(model.evaluate(IMAGES).count()).isEqualTo(13);
  }

  private static Trainer trainer(int epochs, Callback... callbacks) {
    return Trainer.builder()
        .epochs(epochs)
        .batchSize(4)
        .precision(Precision.FLOAT32)
        .callbacks(callbacks)
        .build();
  }

  /** Steps are built, taken and closed over and over, so that every change of the way is met. */
  @Test
  void predictAndEvaluate_whileTrainingComesAndGoes() throws Exception {
    try (Model model = Model.of(NETWORK, 1)) {
      Threads threads = Threads.start(8, () -> use(model));
      threads.awaitCalls(8);
      for (int i = 0; i < 5; i++) {
        trainer(3).fit(model, IMAGES, IMAGES);
      }
      threads.stop();
      assertThat(threads.failures()).isEmpty();
      assertThat(threads.calls()).isGreaterThan(8);
    }
  }

  static List<Device> devices() {
    return List.of(Device.cpu(), PretendGpu.create());
  }

  /** A prediction that was asked for after an assignment sees it. */
  @ParameterizedTest
  @MethodSource("devices")
  void predict_whileWeightsAreAssigned_seesOneOfThem(Device device) throws Exception {
    try (Model model = Model.of(NETWORK, 1, device)) {
      Variable bias = model.session().variable("4.bias");
      float[][] before = model.logits(IMAGES);
      Threads threads =
          Threads.start(
              4,
              () -> {
                float[][] now = model.logits(IMAGES);
                float shift = now[0][0] - before[0][0];
                // One and the same shift in all logits of all images: a whole assignment.
                for (int i = 0; i < now.length; i++) {
                  for (int k = 0; k < 3; k++) {
                    assertThat(now[i][k] - before[i][k]).isCloseTo(shift, within(1e-4f));
                  }
                }
              });
      float[] values = model.session().fetch(bias.read());
      for (int n = 1; n <= 20; n++) {
        float[] shifted = {values[0] + n, values[1] + n, values[2] + n};
        model.session().assign(Map.of(bias, shifted));
        assertThat(model.logits(IMAGES)[0][0]).isCloseTo(before[0][0] + n, within(1e-4f));
      }
      threads.stop();
      assertThat(threads.failures()).isEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void close_whileOthersPredict_isSaidToThem(Device device) throws Exception {
    for (int round = 0; round < 10; round++) {
      Model model = Model.of(NETWORK, 1, device);
      Threads threads = Threads.start(8, () -> use(model));
      threads.awaitCalls(round);
      model.close();
      assertThat(threads.failures())
          .hasSize(8)
          .allSatisfy(
              e -> assertThat(e).isInstanceOf(IllegalStateException.class).hasMessage(CLOSED));
    }
  }

  @Test
  void close_whileATrainerTrains_endsEverything() throws Exception {
    for (int round = 0; round < 5; round++) {
      Model model = Model.of(NETWORK, 1);
      Threads training = Threads.start(1, () -> trainer(1_000_000).fit(model, IMAGES));
      Threads threads = Threads.start(4, () -> use(model));
      threads.awaitCalls(8);
      model.close();
      assertThat(threads.failures())
          .hasSize(4)
          .allSatisfy(
              e -> assertThat(e).isInstanceOf(IllegalStateException.class).hasMessage(CLOSED));
      assertThat(training.failures())
          .singleElement()
          .satisfies(e -> assertThat(e).isInstanceOf(IllegalStateException.class));
    }
  }

  @Test
  void close_byACallback_endsTheRun() {
    Model model = Model.of(NETWORK, 1);
    assertThatIllegalStateException()
        .isThrownBy(
            () ->
                trainer(
                        1,
                        new Callback() {
                          @Override
                          public void onStep(StepEvent event, RunHandle handle) {
                            model.close();
                          }
                        })
                    .fit(model, IMAGES))
        .withMessage(CLOSED);
  }

  @Test
  void frozenNetwork_usedAfterClose() {
    Map<String, float[]> weights = new HashMap<>();
    try (Model model = Model.of(NETWORK, 1)) {
      model
          .session()
          .read(model.variables())
          .forEach((variable, values) -> weights.put(variable.name(), values));
    }
    FrozenNetwork frozen =
        new FrozenNetwork(
            new Servable(NETWORK, weights, List.of("a", "b", "c"), Map.of()), Device.cpu());
    frozen.close();
    frozen.close();
    try (TUint8 batch = TUint8.tensorOf(Shape.of(1, ModelTest.HEIGHT, ModelTest.WIDTH, 3))) {
      assertThatIllegalStateException().isThrownBy(() -> frozen.run(batch)).withMessage(CLOSED);
    }
  }
}
