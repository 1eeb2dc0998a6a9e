package dev.lamina.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.data.ImageSet;
import dev.lamina.graph.Device;
import dev.lamina.graph.PretendGpu;
import dev.lamina.inference.InferenceNetwork;
import dev.lamina.network.Servable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The graph of evaluation on a device that assigns weights to it. */
class FreezerTest {
  private static final ImageSet IMAGES = ModelTest.images(5);

  private static Freezer freezer(Model model) {
    return new Freezer(
        model.network(),
        model.session(),
        model.variables(),
        weights -> new Servable(model.network(), weights.asMap(), model.classNames(), Map.of()));
  }

  /** Returns the forms of three uses, of which the second and the third overlap. */
  private static List<InferenceNetwork> formsOfThreeUses(Device device) {
    List<InferenceNetwork> forms = new ArrayList<>();
    try (Model model = Model.of(ModelTest.NETWORK, 1, device);
        Freezer freezer = freezer(model)) {
      Evaluator first = freezer.freeze();
      forms.add(first.form());
      freezer.release(first);
      Evaluator second = freezer.freeze();
      forms.add(second.form());
      Evaluator third = freezer.freeze();
      forms.add(third.form());
      assertThat(third.logits(IMAGES)).isEqualTo(second.logits(IMAGES));
      freezer.release(second);
      freezer.release(third);
      // One is kept to be used again.
      assertThatIllegalStateException().isThrownBy(() -> third.logits(IMAGES));
    }
    return forms;
  }

  @Test
  void gpu_usesTheGraphAgain_unlessItIsInUse() {
    List<InferenceNetwork> forms = formsOfThreeUses(PretendGpu.create());
    assertThat(forms.get(1)).isSameAs(forms.get(0)).isNotSameAs(forms.get(2));
    assertThat(formsOfThreeUses(Device.cpu())).doesNotHaveDuplicates();
  }

  @Test
  void gpu_givesWhatAProcessorGives() {
    try (Model cpu = Model.of(ModelTest.NETWORK, 1, Device.cpu());
        Model gpu = Model.of(ModelTest.NETWORK, 2, PretendGpu.create())) {
      float[][] own = gpu.logits(IMAGES);
      gpu.assign(cpu.weights());
      check(gpu.logits(IMAGES), cpu.logits(IMAGES));
      assertThat(gpu.logits(IMAGES)[0][0]).isNotCloseTo(own[0][0], within(1e-3f));
      Map<String, float[]> zeros = new HashMap<>();
      cpu.weights().asMap().forEach((name, w) -> zeros.put(name, new float[w.length]));
      Optional<Evaluation> of =
          gpu.evaluate(IMAGES, Optional.of(Weights.of(zeros)), List.of(), () -> false);
      assertThat(of.orElseThrow().loss()).isCloseTo(Math.log(3), within(1e-6));
      assertThat(
              gpu.evaluate(IMAGES, Optional.empty(), List.of(), () -> false).orElseThrow().loss())
          .as("the weights of now")
          .isCloseTo(cpu.evaluate(IMAGES).loss(), within(1e-5));
      zeros.remove("4.bias");
      assertThatIllegalArgumentException()
          .isThrownBy(
              () -> gpu.evaluate(IMAGES, Optional.of(Weights.of(zeros)), List.of(), () -> false))
          .withMessage("weights must hold every parameter, lack 4.bias");
    }
  }

  private static void check(float[][] actual, float[][] expected) {
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).containsExactly(expected[i], within(1e-5f));
    }
  }
}
