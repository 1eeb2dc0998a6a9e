package dev.lamina.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import dev.lamina.layer.Layer.Child;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/** The shape of every stage, predicted and built. */
class ResNetCifarShapeTest {
  @ParameterizedTest
  @CsvSource({
    "64, 32, 32, 10",
    "16, 32, 32, 100",
    "8, 28, 28, 10",
    "1, 8, 8, 2",
    "4, 33, 47, 7",
    "3, 64, 32, 3"
  })
  void stages(int width, int height, int imageWidth, int classes) {
    Network network =
        ResNetCifar.builder().width(width).imageSize(height, imageWidth).classes(classes).network();
    Map<String, Shape> expected = new LinkedHashMap<>();
    expected.put("normalize", Shape.of(height, imageWidth, 3));
    expected.put("conv1", Shape.of(height, imageWidth, width));
    expected.put("layer1", Shape.of(height, imageWidth, width));
    expected.put("layer2", Shape.of(height / 2, imageWidth / 2, 2L * width));
    expected.put("layer3", Shape.of(height / 4, imageWidth / 4, 4L * width));
    expected.put("layer4", Shape.of(height / 8, imageWidth / 8, 8L * width));
    expected.put("classifier", Shape.of(classes));
    try (Model model = Model.of(network)) {
      Ops tf = model.session().ops();
      Context context = Context.inference(model.session());
      Operand<TFloating> value =
          Floats.asFloating(
              tf.placeholder(
                  TFloat32.class, Placeholder.shape(Shape.of(-1, height, imageWidth, 3))));
      Map<String, Shape> predicted = new LinkedHashMap<>();
      for (Child child : network.body().children(network.inputShape())) {
        predicted.put(child.name(), child.layer().outputShape(child.input()));
        value = child.layer().apply(context.child(child.name()), value);
        assertThat(value.shape().tail()).as(child.name()).isEqualTo(expected.get(child.name()));
      }
      assertThat(predicted).isEqualTo(expected);
      assertThat(network.classes()).isEqualTo(classes);
    }
  }

  @Test
  void bias_off_leavesOnlyTheClassifiersBiasBesideBatchNorm() {
    try (Model with = ResNetCifar.builder().width(2).build();
        Model without = ResNetCifar.builder().width(2).bias(false).build()) {
      assertThat(with.variables().stream().map(v -> v.name())).contains("conv1.0.bias");
      assertThat(without.variables().stream().map(v -> v.name()))
          .doesNotContain("conv1.0.bias")
          .contains("conv1.1.bias", "classifier.2.bias");
      assertThat(with.variables()).hasSize(without.variables().size() + 20);
    }
  }

  @Test
  void options_outOfRange() {
    ResNetCifar.Builder builder = ResNetCifar.builder();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ResNetCifar.builder().width(0).build())
        .withMessage("width must be positive, got 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ResNetCifar.builder().classes(1).build())
        .withMessage("classes must be at least 2, got 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ResNetCifar.builder().imageSize(32, 7).build())
        .withMessage("imageSize must be at least 8 x 8, got 32 x 7");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ResNetCifar.builder().inputChannels(0).build())
        .withMessage("inputChannels must be positive, got 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.inputChannels(1).build())
        .withMessage("normalization must be set if inputChannels is not 3, got inputChannels 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.normalization(new double[] {0.5}, new double[] {0}).build())
        .withMessage("std must be positive, got 0.0");
  }

  @Test
  void seed_decidesTheWeights() {
    try (Model one = ResNetCifar.builder().width(2).seed(1).build();
        Model same = ResNetCifar.builder().width(2).seed(1).build();
        Model other = ResNetCifar.builder().width(2).seed(2).build()) {
      Map<String, float[]> weights = GoldenModel.values(one);
      assertThat(GoldenModel.values(same).get("layer1.0.main.0.weight"))
          .isEqualTo(weights.get("layer1.0.main.0.weight"));
      assertThat(GoldenModel.values(other).get("layer1.0.main.0.weight"))
          .isNotEqualTo(weights.get("layer1.0.main.0.weight"));
      assertThat(weights.get("layer1.0.main.0.weight"))
          .as("equal shapes, other values")
          .isNotEqualTo(weights.get("layer1.0.main.3.weight"));
    }
  }
}
