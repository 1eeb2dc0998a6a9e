package dev.lamina.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.onnxruntime.OrtException;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import dev.lamina.graph.Initializer;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Role;
import dev.lamina.io.LaminaException;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Layer;
import dev.lamina.layer.LayerTypes;
import dev.lamina.layer.Sequential;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.registry.Options;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

/** A layer of a user's own in every file that ours can be in. */
class OwnLayerTest {
  @TempDir private Path folder;

  /** {@code y = x * (weight + offset)}, with a weight for each channel. */
  record Scale(double offset) implements Layer {
    @Override
    public Shape outputShape(Shape input) {
      return input;
    }

    @Override
    public List<Parameter> parameters(Shape input) {
      Shape channels = Shape.of(input.get(input.numDimensions() - 1));
      return List.of(Parameter.of("weight", channels, Role.NORM, Initializer.uniform(1)));
    }

    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
      var tf = context.tf();
      var weight = tf.math.add(context.get("weight"), tf.constant(input.type(), offset));
      return Floats.asFloating(tf.math.mul(input, weight));
    }
  }

  /** Never registered. */
  record Hidden() implements Layer {
    @Override
    public Shape outputShape(Shape input) {
      return input;
    }

    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
      return input;
    }
  }

  static {
    LayerTypes.REGISTRY.register(
        "test.Scale",
        Scale.class,
        scale -> Options.none().with("offset", scale.offset()),
        options -> new Scale(options.getDouble("offset", 0)));
    OnnxConverters.register(
        Scale.class,
        (scope, scale, x) -> {
          String weight = scope.operands(scale, x).get(1);
          String sum = scope.node("Add", List.of(weight, scope.number("offset", scale.offset())));
          String shaped = scope.node("Reshape", List.of(sum, scope.integers("shape", -1, 1, 1)));
          return scope.node("Mul", List.of(x, shaped));
        });
  }

  private static Network network(Layer layer) {
    return Network.input(32, 32, 3)
        .then("block", Sequential.of(layer))
        .then(GlobalAveragePool.create(), Dense.of(10));
  }

  private static ImageSet images() {
    return ImageData.embedded().test().subset(new int[] {0, 1, 2});
  }

  @Test
  void registered_isLoadedOfWeightsAndExport() {
    Path weights = folder.resolve("weights.safetensors");
    Path export = folder.resolve("export/1");
    try (Model model = Model.of(network(new Scale(0.25)), 3)) {
      model.saveWeights(weights);
      model.export(export);
      for (Path file : List.of(weights, export)) {
        try (Model loaded = Model.load(file)) {
          assertThat(loaded.network()).isEqualTo(model.network());
          assertThat(loaded.logits(images())).isDeepEqualTo(model.logits(images()));
        }
      }
    }
  }

  @Test
  void registered_withAConverter_runsInOnnxRuntime() throws OrtException {
    Path file = folder.resolve("model.onnx");
    try (Model model = Model.of(network(new Scale(0.25)), 3)) {
      model.exportOnnx(file);
      float[][] expected = model.logits(images());
      byte[] pixels = new byte[3 * 32 * 32 * 3];
      images().pixels(0, 3).get(pixels);
      try (OnnxRun run = new OnnxRun(file)) {
        float[][] logits = run.run(pixels, 3, 32, 32, 3).logits;
        for (int i = 0; i < expected.length; i++) {
          assertThat(logits[i]).containsExactly(expected[i], within(1e-5f));
        }
      }
    }
  }

  @Test
  void unregistered_isNamedWhereItIsLoaded() {
    Path weights = folder.resolve("weights.safetensors");
    try (Model model = Model.of(network(new Hidden()), 3)) {
      model.saveWeights(weights);
    }
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Model.load(weights))
        .withMessage(
            weights
                + " cannot be loaded: layer \"block.0\" is of the kind \"Hidden\", which is code and was"
                + " not written; write it as a layer that is registered, or build the network in Java"
                + " and load weights that saveWeights wrote");
  }

  /** As by a program that registers the layer, read by one that does not. */
  @Test
  void registeredElsewhere_isNamedWithWhatToDo() {
    Path file = folder.resolve("weights.safetensors");
    try (Model model = Model.of(network(new Scale(0.25)), 3)) {
      model.saveWeights(file);
    }
    Safetensors whole = Safetensors.read(file);
    String description =
        java.util.Objects.requireNonNull(whole.metadata().get("lamina"))
            .replace("test.Scale", "Scales");
    new Safetensors(whole.tensors(), java.util.Map.of("lamina", description)).write(file);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Model.load(file))
        .withMessage(
            file
                + " cannot be loaded: layer \"block.0\" is of the kind \"Scales\", which is not"
                + " registered; call LayerTypes.REGISTRY.register(\"Scales\", ...) first, or build the"
                + " network in Java and load weights that saveWeights wrote");
  }

  @Test
  void converter_twice_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OnnxConverters.register(Dense.class, (scope, layer, x) -> x))
        .withMessage(
            "converter of a layer must not be registered twice, got dev.lamina.layer.Dense");
  }
}
