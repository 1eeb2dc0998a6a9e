package dev.lamina.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.Golden;
import dev.lamina.data.Preprocessing;
import dev.lamina.data.Resize;
import dev.lamina.format.Safetensors;
import dev.lamina.io.LaminaException;
import dev.lamina.layer.Normalize;
import dev.lamina.model.Model;
import dev.lamina.zoo.Pretrained.Config;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;

/** Files as a hub has them, in the cache; HubTest downloads. */
class PretrainedTest {
  /** The part of timm's config.json that is read, with some more, for a network of theirs. */
  private static final String CONFIG =
      """
      {"architecture": "%s", "num_classes": 1000, "num_features": 512,
       "pretrained_cfg": {"tag": "a1_in1k", "input_size": [3, 224, 192], "test_input_size": [3, 288, 288],
        "interpolation": "bicubic", "crop_pct": 0.95, "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4],
        "num_classes": 1000, "pool_size": [7, 7], "first_conv": "conv1", "classifier": "fc"}}
      """;

  @TempDir private Path cache;

  private Path inHub(String file) throws IOException {
    Path path = cache.resolve("hub/timm/model.in1k").resolve(file);
    Files.createDirectories(path.resolveSibling(""));
    return path;
  }

  private Pretrained read(String config) throws IOException {
    Files.writeString(inHub("config.json"), config);
    return Pretrained.of("timm/model.in1k", cache, Map.of());
  }

  /** Weights without a description of their network, as other programs write them. */
  private static Path write(Path file, Zoo.Builder network) {
    try (Model model = network.imageSize(32, 32).seed(7).build()) {
      model.saveWeights(file);
    }
    new Safetensors(Safetensors.read(file).tensors(), Map.of("format", "pt")).write(file);
    return file;
  }

  private static float[] weight(Model model, String name) {
    return model.weights().get(name);
  }

  @ParameterizedTest
  @CsvSource({
    "resnet18, resnet18",
    "resnet50, resnet50",
    "mobilenetv3_small_100, timm/mobilenetv3_small_100",
    "mobilenetv3_large_100, timm/mobilenetv3_large_100",
    "efficientnet_b0, timm/efficientnet_b0"
  })
  void config_namesTheNetwork_andHowImagesWerePrepared(String architecture, String network)
      throws IOException {
    Files.createFile(inHub("model.safetensors"));
    Config expected =
        new Config(
            network,
            224,
            192,
            "bicubic",
            0.95,
            Normalize.of(new double[] {0.5, 0.4, 0.3}, new double[] {0.2, 0.3, 0.4}));
    assertThat(read(CONFIG.formatted(architecture)).config()).contains(expected);
    String flat =
        CONFIG.formatted(architecture).replace("\"pretrained_cfg\": {", "").replace("}}", "}");
    assertThat(read(flat).config()).contains(expected);
  }

  /** Those of timm's PretrainedCfg. */
  @Test
  void config_withoutInterpolationAndCrop_hasTheDefaultsOfTimm() throws IOException {
    Files.createFile(inHub("model.safetensors"));
    String both = "\"interpolation\": \"bicubic\", \"crop_pct\": 0.95,";
    String config = CONFIG.formatted("resnet18");
    assertThat(config).contains(both);
    for (String without : List.of("", "\"interpolation\": null, \"crop_pct\": null,")) {
      assertThat(read(config.replace(both, without)).config().orElseThrow().preprocessing())
          .isEqualTo(
              Preprocessing.of(
                  new Resize(Resize.Mode.COVER, 224, 192, 0.875, Resize.Filter.BICUBIC)));
    }
  }

  @Test
  void modelOfAHub_hasItsWeightsAndNormalisation_andANewClassifier() throws IOException {
    Path file = write(inHub("model.safetensors"), Zoo.get("resnet18").width(4).classes(7));
    Pretrained pretrained = read(CONFIG.formatted("resnet18"));
    assertThat(pretrained.weights()).isEqualTo(file);
    try (Model model =
            pretrained.builder().width(4).imageSize(40, 32).classes(List.of("a", "b")).build();
        Model saved = Zoo.get("resnet18").width(4).classes(7).imageSize(32, 32).build()) {
      saved.loadWeights(file);
      assertThat(model.classNames()).containsExactly("a", "b");
      assertThat(model.network().body().layers().get(0).layer())
          .isEqualTo(Normalize.of(new double[] {0.5, 0.4, 0.3}, new double[] {0.2, 0.3, 0.4}));
      assertThat(weight(model, "layer4.1.conv2.weight"))
          .isEqualTo(weight(saved, "layer4.1.conv2.weight"));
      assertThat(weight(model, "fc.bias")).hasSize(2);
    }
  }

  @Test
  void modelOfAHub_hasItsImageSize_andPreparesFilesAsInItsTraining() throws IOException {
    write(inHub("model.safetensors"), Zoo.get("resnet18").width(4).classes(7));
    Pretrained pretrained = read(CONFIG.formatted("resnet18"));
    try (Model model = pretrained.builder().width(4).build();
        Model other = pretrained.builder().width(4).imageSize(40, 32).build()) {
      assertThat(model.network().inputShape()).isEqualTo(Shape.of(224, 192, 3));
      assertThat(model.preprocessing()).isEqualTo(preparing(224, 192));
      assertThat(other.preprocessing()).isEqualTo(preparing(40, 32));
    }
    assertThat(pretrained.builder("resnet18").options()).isEqualTo(pretrained.builder().options());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pretrained.builder("resnet50"))
        .withMessage("network must be resnet18, that of the weights, got resnet50; use builder()");
  }

  private static Preprocessing preparing(int height, int width) {
    return Preprocessing.of(
        new Resize(Resize.Mode.COVER, height, width, 0.95, Resize.Filter.BICUBIC));
  }

  @Test
  void classesOfTheFile_keepTheClassifier() {
    Path file = write(cache.resolve("w.safetensors"), Zoo.get("resnet18").width(4).classes(7));
    Pretrained pretrained = Pretrained.of(file.toString(), cache, Map.of());
    assertThat(pretrained).isEqualTo(new Pretrained(file, Optional.empty()));
    float[] bias = Golden.at(Safetensors.read(file).tensors(), "fc.bias").floats();
    for (Zoo.Builder builder :
        List.of(pretrained.builder("resnet18"), pretrained.builder("resnet18").classes(7))) {
      try (Model model = builder.width(4).imageSize(32, 32).build()) {
        assertThat(weight(model, "fc.bias")).isEqualTo(bias);
        assertThat(model.classNames()).hasSize(7).startsWith("0", "1");
      }
    }
    // Names may be numbers, such as those of the folders 0 to 6.
    for (List<String> names :
        List.of(
            List.of("a", "b", "c", "d", "e", "f", "g"),
            List.of("0", "1", "2", "3", "4", "5", "6"))) {
      try (Model model =
          pretrained.builder("resnet18").classes(names).width(4).imageSize(32, 32).build()) {
        assertThat(weight(model, "fc.bias")).hasSize(7).isNotEqualTo(bias);
        assertThat(model.classNames()).isEqualTo(names);
      }
    }
    assertThatIllegalArgumentException()
        .isThrownBy(pretrained::builder)
        .withMessage(
            "network must be named for weights that are not from a hub; use builder(name)");
  }

  @Test
  void weightsOfAnotherNetwork_areRefused() {
    Path file = write(cache.resolve("w.safetensors"), Zoo.get("resnet18").width(4));
    Zoo.Builder builder = Zoo.get("resnet34").width(4).imageSize(32, 32).pretrained(file);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(builder::build)
        .withMessage(
            file
                + " does not match the network: missing key(s) in state_dict:"
                + " \"layer1.2.conv1.weight\", \"layer1.2.bn1.weight\", \"layer1.2.bn1.bias\","
                + " \"layer1.2.bn1.running_mean\", \"layer1.2.bn1.running_var\" and 75 more; check"
                + " that it is of this network, with its width and classes");
  }

  @Test
  void modelThatTheZooLacks_isNamed() {
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> read(CONFIG.formatted("vit_tiny")))
        .withMessageStartingWith(
            "timm/model.in1k is of the architecture \"vit_tiny\", which is not in the zoo; choose a"
                + " model of one of [")
        .withMessageContaining("resnet18");
  }

  @Test
  void configOfAnotherKind_isRefused() throws IOException {
    Path file = inHub("config.json");
    for (String[] wrong :
        new String[][] {
          {"{\"architecture\": \"resnet18\"}", "input_size must be [channels, height, width]"},
          {
            CONFIG.formatted("resnet18").replace("[0.2, 0.3, 0.4]", "[]"),
            "mean and std must have one value for each channel, got 3 and 0 values"
          }
        }) {
      assertThatExceptionOfType(LaminaException.class)
          .isThrownBy(() -> read(wrong[0]))
          .withMessage(
              file
                  + " does not describe a model of timm ("
                  + wrong[1]
                  + "); download its weights and name the network");
    }
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> read("nonsense"))
        .withMessageStartingWith(file + " does not describe a model of timm (");
  }

  @ParameterizedTest
  @CsvSource({"nowhere", "a/b/c", "../timm", "timm/..", "C:weights"})
  void sourceOfNoKind_isRefused(String source) {
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Pretrained.of(source, cache, Map.of()))
        .withMessage(
            "pretrained weights must be an existing file, an address, or a model such as"
                + " timm/resnet18.a1_in1k, got "
                + source);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"https://host/my weights.safetensors", "http://model_store:8000/w.safetensors"})
  void addressThatJavaRejects_isRefusedWithTheRule(String source) {
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Pretrained.of(source, cache, Map.of()))
        .withMessage(
            "pretrained weights must be an http or https address whose host has no underscore and"
                + " whose special characters are percent-encoded (a space as %20), got "
                + source);
  }

  /** Tests run in a folder that has src, so src/resnet18 is no model of a hub. */
  @ParameterizedTest
  @CsvSource({"weights/resnet18.safetensors", "timm/resnet18.PTH", "src/resnet18"})
  void mistypedPath_isNotAskedForAtTheHub(String source) {
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Pretrained.of(source, cache, Map.of()))
        .withMessage(source + " does not exist; check the path");
  }
}
