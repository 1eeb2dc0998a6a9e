package dev.lamina;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import com.google.common.base.CharMatcher;
import com.google.common.base.Splitter;
import dev.lamina.format.Safetensors;
import dev.lamina.io.LaminaException;
import dev.lamina.layer.LayerTypes;
import dev.lamina.layer.Layers;
import dev.lamina.model.Model;
import dev.lamina.model.Prediction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Files that earlier versions wrote, which every later one must read: 2c1cdff is a commit, 0.1 the
 * first form with names of their own. What {@code lamina train --resume} does with them is in
 * RunCompatibilityTest.
 */
class CompatibilityTest {
  /** The layers of commit 2c1cdff. */
  private static final Set<String> KINDS =
      Set.of(
          "Activation",
          "Add",
          "AveragePool",
          "BatchNorm",
          "Concat",
          "Conv2d",
          "Dense",
          "Dropout",
          "Flatten",
          "GlobalAveragePool",
          "MaxPool",
          "Normalize",
          "Rescale",
          "Residual",
          "Sequential",
          "ZeroPad");

  static final Path SAMPLES = Path.of("src/test/resources/compat");

  /** The probabilities are those that the commit gave, which wrote them down with the file. */
  @ParameterizedTest
  @ValueSource(strings = {"2c1cdff", "0.1"})
  void weights_ofEveryLayer_predictWhatTheyDid(String version) throws IOException {
    Path samples = SAMPLES.resolve(version);
    byte[] image = Files.readAllBytes(SAMPLES.resolve("2c1cdff/every-layer.image"));
    double[] expected =
        Splitter.on(CharMatcher.anyOf("[], "))
            .omitEmptyStrings()
            .splitToStream(Files.readString(SAMPLES.resolve("2c1cdff/every-layer.predicted.txt")))
            .mapToDouble(Double::parseDouble)
            .toArray();
    try (Model model = Model.load(samples.resolve("every-layer.safetensors"))) {
      Prediction prediction = model.predict(image);
      assertThat(prediction.probabilities().toArray()).containsExactly(expected, within(1e-6));
      Set<String> kinds = new HashSet<>();
      Layers.nodes(model.network().body(), model.network().inputShape())
          .forEach(node -> LayerTypes.REGISTRY.name(node.layer()).ifPresent(kinds::add));
      // Blocks are among the nodes by what is inside them.
      kinds.addAll(Set.of("Add", "Concat", "Residual", "Sequential"));
      assertThat(kinds).isEqualTo(KINDS);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.1"})
  void export_isLoaded(String version) {
    try (Model model = Model.load(SAMPLES.resolve(version).resolve("export/1"))) {
      assertThat(model.classNames()).hasSize(3);
    }
  }

  @Test
  void export_ofBefore_isRefusedWithAReason() {
    Path export = SAMPLES.resolve("2c1cdff/export/1");
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Model.load(export))
        .withMessage(
            export
                + " has no assets.extra/weights.safetensors: exports of Lamina 0.1 carry their"
                + " weights there, older ones only as TensorFlow's variables, which are not read any"
                + " more; export the model again from its run or weights file");
  }

  @Test
  void newerFormat_isRefusedWithTheVersionThatReadsIt(@TempDir Path folder) {
    Path file = folder.resolve("weights.safetensors");
    Safetensors whole = Safetensors.read(SAMPLES.resolve("2c1cdff/every-layer.safetensors"));
    String description =
        Objects.requireNonNull(whole.metadata().get("lamina"))
            .replace("\"format\":1", "\"format\":5")
            .replace("0.1.0-SNAPSHOT", "0.9");
    new Safetensors(whole.tensors(), Map.of("lamina", description)).write(file);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Model.load(file))
        .withMessage(
            file
                + " is of format 5, this Lamina reads up to 4; use the Lamina that wrote it (version"
                + " 0.9)");
  }
}
