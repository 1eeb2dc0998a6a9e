package dev.lamina.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.data.ImageSet;
import dev.lamina.format.Safetensors;
import dev.lamina.graph.Device;
import dev.lamina.graph.Variable;
import dev.lamina.io.LaminaException;
import dev.lamina.layer.Activation;
import dev.lamina.layer.Add;
import dev.lamina.layer.AveragePool;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Concat;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Lambda;
import dev.lamina.layer.MaxPool;
import dev.lamina.layer.Normalize;
import dev.lamina.layer.Padding;
import dev.lamina.layer.Rescale;
import dev.lamina.layer.Residual;
import dev.lamina.layer.Sequential;
import dev.lamina.layer.ZeroPad;
import dev.lamina.network.Network;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelLoadTest {
  /** The message about weights for three classes where four are needed. */
  private static final String FOR_FOUR_CLASSES =
      " does not match the network: size mismatch for top.3.weight: file has [3, 12], network needs"
          + " [4, 12]; size mismatch for top.4.weight: file has [3], network needs [4]; size mismatch"
          + " for top.4.bias: file has [3], network needs [4]; size mismatch for top.4.running_mean:"
          + " file has [3], network needs [4]; size mismatch for top.4.running_var: file has [3],"
          + " network needs [4]; check that it is of this network, with its width and classes";

  private static final int HEIGHT = 9;
  private static final int WIDTH = 7;

  /** Every built-in layer, every option away from its default. */
  private static final Network EVERYTHING =
      Network.input(HEIGHT, WIDTH, 3)
          .name("Everything")
          .then(
              "normalize",
              Normalize.of(new double[] {0.1, 0.2, 0.3}, new double[] {0.4, 1 / 3.0, 0.6}))
          .then(Rescale.of(1.5).offset(-0.25), new ZeroPad(1, 0, 2, 3))
          .then(Conv2d.of(4, 3).stride(2).padding(Padding.VALID).bias(false))
          .then(BatchNorm.create().epsilon(0.01).momentum(0.3), Activation.GELU)
          .then(Conv2d.of(4, 3).groups(2))
          .then(
              "block",
              Residual.of(Conv2d.of(6, 3), BatchNorm.create(), Activation.LEAKY_RELU)
                  .shortcut(Conv2d.of(6, 1)))
          .then(
              Concat.of(
                  Sequential.of(MaxPool.of(3).stride(1).padding(Padding.SAME)),
                  Add.of(Sequential.of(), AveragePool.of(3).stride(1).padding(Padding.SAME))))
          .then(
              "top",
              Sequential.of(
                  GlobalAveragePool.create(),
                  Flatten.create(),
                  Dropout.of(0.25),
                  Dense.of(3).bias(false),
                  BatchNorm.create()));

  @TempDir private static Path once;
  private static Path written = Path.of("");
  @TempDir private Path folder;

  @BeforeAll
  static void write() {
    written = once.resolve("1");
    try (Model model = randomized(EVERYTHING)) {
      model.export(written, Map.of("test_accuracy", "0.5"));
    }
  }

  private static ImageSet images() {
    byte[] pixels = new byte[5 * HEIGHT * WIDTH * 3];
    new Random(4).nextBytes(pixels);
    return ImageSet.of(HEIGHT, WIDTH, 3, pixels, new int[] {0, 1, 2, 0, 1}, List.of("a", "b", "c"));
  }

  private static Map<String, float[]> weights(Model model) {
    Map<String, float[]> weights = new LinkedHashMap<>();
    model.session().read(model.variables()).forEach((v, values) -> weights.put(v.name(), values));
    return weights;
  }

  /** Random weights and statistics, so that nothing is as a new model has it. */
  private static Model randomized(Network network) {
    Model model = Model.of(network, 7);
    Random random = new Random(5);
    Map<Variable, float[]> values = new LinkedHashMap<>();
    for (Variable variable : model.variables()) {
      float[] some = new float[Math.toIntExact(variable.parameter().size())];
      for (int i = 0; i < some.length; i++) {
        some[i] = 0.1f + random.nextFloat();
      }
      values.put(variable, some);
    }
    model.session().assign(values);
    model.classNames(List.of("a", "b", "größe"));
    return model;
  }

  /** A copy of one export of {@link #EVERYTHING}, which takes its time to be written. */
  private Path everything() throws IOException {
    Path copy = folder.resolve("export/1");
    try (var files = Files.walk(written)) {
      for (Path file : files.toList()) {
        Files.createDirectories(copy.resolve(written.relativize(file)).resolveSibling(""));
        Files.copy(
            file, copy.resolve(written.relativize(file)), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    return copy;
  }

  private Path export(Network network) {
    Path export = folder.resolve("export/1");
    try (Model model = randomized(network)) {
      model.export(export, Map.of("test_accuracy", "0.5"));
    }
    return export;
  }

  @Test
  void load_givesTheModelBack() throws IOException {
    Path export = everything();
    try (Model original = randomized(EVERYTHING);
        Model loaded = Model.load(export)) {
      assertThat(loaded.classNames()).containsExactly("a", "b", "größe");
      assertThat(loaded.summary()).isEqualTo(original.summary());
      assertThat(loaded.logits(images())).isDeepEqualTo(original.logits(images()));
      assertThat(weights(loaded).keySet()).containsExactlyElementsOf(weights(original).keySet());
      weights(original)
          .forEach((name, values) -> assertThat(weights(loaded).get(name)).isEqualTo(values));
      // Options that neither the summary nor inference shows.
      loaded.export(folder.resolve("again"), Map.of("test_accuracy", "0.5"));
      assertThat(folder.resolve("again/assets.extra/lamina.json"))
          .hasSameTextualContentAs(export.resolve("assets.extra/lamina.json"));
      assertThat(Files.readString(export.resolve("assets.extra/lamina.json")))
          .contains("\"momentum\" : 0.3", "\"rate\" : 0.25", "\"std\" : [ 0.4, 0.333333");
    }
  }

  @Test
  void load_forOtherClasses_keepsWhatIsInFrontOfTheClassifier() throws IOException {
    Path export = everything();
    try (Model original = randomized(EVERYTHING);
        Model loaded = Model.load(export, List.of("x", "y"))) {
      assertThat(loaded.classNames()).containsExactly("x", "y");
      assertThat(loaded.network().classes()).isEqualTo(2);
      Map<String, float[]> before = weights(original);
      weights(loaded)
          .forEach(
              (name, values) -> {
                if (name.startsWith("top")) {
                  assertThat(values).isNotEqualTo(before.get(name));
                } else {
                  assertThat(values).isEqualTo(before.get(name));
                }
              });
      assertThat(weights(loaded).get("top.3.weight")).hasSize(12 * 2);
      assertThat(weights(loaded).get("top.4.running_mean")).containsExactly(0, 0);
    }
  }

  @Test
  void load_forAsManyOtherClasses_startsANewClassifier() throws IOException {
    Path export = everything();
    try (Model same = Model.load(export, List.of("a", "b", "größe"));
        Model other = Model.load(export, List.of("b", "a", "größe"));
        Model original = randomized(EVERYTHING)) {
      float[] classifier = weights(original).get("top.3.weight");
      assertThat(weights(same).get("top.3.weight")).isEqualTo(classifier);
      assertThat(weights(other).get("top.3.weight"))
          .hasSameSizeAs(classifier)
          .isNotEqualTo(classifier);
    }
  }

  @Test
  void load_aNewClassifier_followsTheSeed() throws IOException {
    Path export = everything();
    List<String> classes = List.of("x", "y");
    try (Model zero = Model.load(export, classes);
        Model again = Model.load(export, classes, 0, Device.cpu());
        Model other = Model.load(export, classes, 3, Device.cpu())) {
      assertThat(weights(again)).usingRecursiveComparison().isEqualTo(weights(zero));
      assertThat(weights(other).get("top.3.weight"))
          .isNotEqualTo(weights(zero).get("top.3.weight"));
      assertThat(weights(other).get("3.weight")).isEqualTo(weights(zero).get("3.weight"));
    }
  }

  @Test
  void metadata_isThatOfTheExport_andOfWeights() throws IOException {
    Path file = folder.resolve("weights.safetensors");
    try (Model loaded = Model.load(everything())) {
      assertThat(loaded.metadata()).containsExactly(Map.entry("test_accuracy", "0.5"));
      loaded.saveWeights(file, Map.of("epoch", "3"));
      loaded.export(folder.resolve("again"));
    }
    try (Model loaded = Model.load(file);
        Model again = Model.load(folder.resolve("again"))) {
      assertThat(loaded.metadata()).containsExactly(Map.entry("epoch", "3"));
      assertThat(again.metadata()).isEmpty();
    }
  }

  @Test
  void load_weights_givesTheModelBack() throws IOException {
    Path file = folder.resolve("weights.safetensors");
    try (Model original = randomized(EVERYTHING)) {
      original.saveWeights(file, Map.of("test_accuracy", "0.5"));
      try (Model loaded = Model.load(file);
          Model other = Model.load(file, List.of("x", "y"))) {
        assertThat(loaded.classNames()).containsExactly("a", "b", "größe");
        assertThat(loaded.summary()).isEqualTo(original.summary());
        assertThat(weights(loaded)).usingRecursiveComparison().isEqualTo(weights(original));
        loaded.export(folder.resolve("again"), loaded.metadata());
        assertThat(folder.resolve("again/assets.extra/lamina.json"))
            .hasSameTextualContentAs(written.resolve("assets.extra/lamina.json"));
        assertThat(weights(other).get("top.3.weight")).hasSize(12 * 2);
        assertThat(weights(other).get("3.weight")).isEqualTo(weights(original).get("3.weight"));
      }
    }
  }

  /** As after the cancellation of a task. */
  @Test
  void interruptedThread_writesAndReadsFiles_andStaysInterrupted() {
    Path file = folder.resolve("weights.safetensors");
    Path export = folder.resolve("export");
    try (Model model =
        Model.of(Network.input(HEIGHT, WIDTH, 3).then(GlobalAveragePool.create(), Dense.of(2)))) {
      Thread.currentThread().interrupt();
      try {
        model.saveWeights(file);
        model.export(export);
        model.exportOnnx(folder.resolve("model.onnx"));
        Model.load(file).close();
        Model.load(export).close();
      } finally {
        assertThat(Thread.interrupted()).isTrue();
      }
    }
  }

  @Test
  void loadWeights_warnsOfAnotherNormalisation() {
    Path file = folder.resolve("weights.safetensors");
    Network trained = normalized(0.25);
    try (Model model = Model.of(trained)) {
      model.saveWeights(file);
    }
    assertThat(logOfLoading(file, trained)).isEmpty();
    assertThat(logOfLoading(file, normalized(0.5)))
        .endsWith(
            "%s has weights for images normalised by [Normalize[mean=[0.25], std=[2.0]]], and the network has [Normalize[mean=[0.5], std=[2.0]]]; Model.load takes that of the file\n"
                .formatted(file));
    Safetensors content = Safetensors.read(file);
    new Safetensors(content.tensors(), Map.of("format", "pt")).write(file);
    assertThat(logOfLoading(file, normalized(0.5))).isEmpty();
  }

  private static Network normalized(double mean) {
    return Network.input(HEIGHT, WIDTH, 1)
        .then(Normalize.of(new double[] {mean}, new double[] {2}))
        .then(GlobalAveragePool.create(), Dense.of(2));
  }

  private static String logOfLoading(Path file, Network network) {
    PrintStream before = System.err;
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
    try (Model model = Model.of(network)) {
      model.loadWeights(file);
    } finally {
      System.setErr(before);
    }
    return log.toString(StandardCharsets.UTF_8);
  }

  @Test
  void load_weights_thatAreDamagedOrOfAnotherProgram() {
    Path file = folder.resolve("weights.safetensors");
    try (Model model = randomized(EVERYTHING)) {
      model.saveWeights(file);
    }
    Safetensors whole = Safetensors.read(file);
    new Safetensors(whole.tensors(), Map.of("format", "pt")).write(file);
    refused(
        file,
        file
            + " does not describe its network: its metadata has no \"lamina\"; build the network in Java and"
            + " read it with loadWeights");
    String description = Objects.requireNonNull(whole.metadata().get("lamina"));
    new Safetensors(
            whole.tensors(), Map.of("lamina", description.replace("\"units\":3", "\"units\":4")))
        .write(file);
    refused(file, file + FOR_FOUR_CLASSES);
    // Memory for so many is not taken: no weights were ever stored for them.
    new Safetensors(
            whole.tensors(),
            Map.of("lamina", description.replace("\"filters\":6", "\"filters\":900000000")))
        .write(file);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Model.load(file))
        .withMessageStartingWith(
            file
                + " does not match the network: size mismatch for block.main.0.weight: file has [6,"
                + " 4, 3, 3], ");
    new Safetensors(whole.tensors(), Map.of("lamina", "{")).write(file);
    refused(file, file + " does not describe a network: it is not JSON; save the weights again");
  }

  @Test
  void load_forOtherClasses_withoutAClassifier() {
    Path export =
        export(Network.input(HEIGHT, WIDTH, 3).then(Conv2d.of(3, 1), GlobalAveragePool.create()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Model.load(export, List.of("x", "y")))
        .withMessage(
            "network must end in a Dense to be given other classes; build it anew and read its"
                + " weights with loadWeights");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Model.load(export, List.of("x")))
        .withMessage("classNames must name at least 2 classes, got 1");
  }

  /** Its last dense layer in sequence is a hidden one. */
  @Test
  void networkThatEndsInBranches_hasNoClassifierToReplace() {
    Path file = folder.resolve("weights.safetensors");
    Network network =
        Network.input(HEIGHT, WIDTH, 3)
            .then(GlobalAveragePool.create(), Dense.of(4), Activation.RELU)
            .then(Add.of(Dense.of(2), Sequential.of(Dense.of(5), Dense.of(2))));
    try (Model model = Model.of(network, 3)) {
      model.saveWeights(file);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Model.load(file, List.of("x", "y")))
          .withMessageStartingWith("network must end in a Dense to be given other classes; ");
      try (Model same =
          ModelLoader.pretrained(file, network, Optional.empty(), false, 0, Device.cpu())) {
        assertThat(weights(same)).usingRecursiveComparison().isEqualTo(weights(model));
      }
    }
  }

  @Test
  void load_layersThatAreCode() {
    Path export =
        export(
            Network.input(HEIGHT, WIDTH, 3)
                .then(Conv2d.of(3, 1))
                .then("row", Sequential.of(Lambda.of("double", (tf, x) -> tf.math.add(x, x))))
                .then(GlobalAveragePool.create()));
    refused(
        export,
        export
            + "/assets.extra/lamina.json cannot be loaded: layer \"row.0\" is of the kind \"Lambda double\","
            + " which is code and was not written; write it as a layer that is registered, or build the network in Java and load weights that saveWeights wrote");
  }

  @Test
  void load_whatIsNoExport() throws IOException {
    String message =
        "%s is not an export of Lamina: it has no assets.extra/lamina.json; name the folder of"
            + " saved_model.pb";
    Path parent = everything().resolveSibling("");
    refused(parent, message.formatted(parent));
    Path missing = folder.resolve("missing");
    assertThatExceptionOfType(UncheckedIOException.class)
        .isThrownBy(() -> Model.load(missing))
        .withMessage(missing + " does not exist; check the path");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"format\" : 4|\"format\" : 0|format must be a number from 1, got 0",
        "\"format\" : 4|\"version\" : 2|format must be a number from 1, got nothing",
        "\"height\" : 9|\"height\" : -9|height must be positive, got -9",
        "\"stride\" : 2|\"stride\" : 0|layer \"3\" (Conv2d): stride must be positive, got 0",
        "\"stride\" : 2|\"stride\" : 2.5|stride of layer \"3\" (Conv2d) must be a whole number, got 2.5",
        "\"VALID\"|\"FULL\"|padding of layer \"3\" (Conv2d) must be one of SAME, VALID, HALF, got \"FULL\"",
        "\"bias\" : false|\"bias\" : 0|bias of layer \"3\" (Conv2d) must be true or false, got 0",
        "\"rate\" : 0.25|\"share\" : 0.25|layer \"top.2\" (Dropout) lacks the option \"rate\"",
        "\"function\" : \"GELU\"|\"function\" : \"GLU\"|function of layer \"5\" (Activation) must be one of RELU, LEAKY_RELU, ELU, GELU, GELU_TANH, SILU, SIGMOID, HARD_SIGMOID, HARD_SWISH, TANH, SOFTMAX, got \"GLU\"",
        "\"resize\" : \"pad\"|\"resize\" : \"pat\"|resize must be known, got \"pat\"",
        "\"crop\" : 1.0|\"crop\" : 2|crop must be in (0, 1], got 2.0",
        "\"upright\" : false|\"upright\" : 0|upright must be true or false, got 0",
        "\"mean\" : [ 0.1|\"mean\" : [ null|option \"mean\" must have a value that can be read, got null",
        "\"name\" : \"block\"|\"name\" : \"b/k\"|layer (Sequential): name must consist of letters, digits, underscores and hyphens, got \"b/k\"",
        "\"größe\"|\"size\", \"d\"|body must give one logit for each of 4 class names, got shape [3]",
        "{|[{|it is not JSON",
      })
  void load_aDamagedDescription(String from, String to, String problem) throws IOException {
    Path export = everything();
    Path file = export.resolve("assets.extra/lamina.json");
    String text = Files.readString(file);
    assertThat(text).contains(from);
    int at = text.indexOf(from);
    Files.writeString(file, text.substring(0, at) + to + text.substring(at + from.length()));
    refused(export, file + " does not describe a network: " + problem + "; export the model again");
  }

  @Test
  void load_aCutDescription() throws IOException {
    Path export = everything();
    Path file = export.resolve("assets.extra/lamina.json");
    byte[] whole = Files.readString(file).strip().getBytes(StandardCharsets.UTF_8);
    for (int length = 0; length < whole.length; length += 101) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThatExceptionOfType(LaminaException.class)
          .isThrownBy(() -> Model.load(export))
          .withMessageStartingWith(file + " does not describe a network: ");
    }
  }

  @Test
  void load_weightsOfAnotherNetwork() throws IOException {
    Path export = everything();
    Path file = export.resolve("assets.extra/lamina.json");
    String text = Files.readString(file);
    assertThat(text).contains("\"units\" : 3");
    Files.writeString(file, text.replace("\"units\" : 3", "\"units\" : 4"));
    refused(export, export + "/assets.extra/weights.safetensors" + FOR_FOUR_CLASSES);
  }

  @Test
  void load_damagedWeights() throws IOException {
    Path export = everything();
    Path file = export.resolve("assets.extra/weights.safetensors");
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length += Math.max(1, whole.length / 50)) {
      Files.write(file, Arrays.copyOf(whole, length));
      refusedOf(export, file);
    }
    for (int at = 0; at < whole.length; at += Math.max(1, whole.length / 90)) {
      byte[] flipped = whole.clone();
      flipped[at] ^= 0x10;
      Files.write(file, flipped);
      refusedOf(export, file);
    }
    Files.delete(file);
    refused(
        export,
        export
            + " has no assets.extra/weights.safetensors: exports of Lamina 0.1 carry their weights"
            + " there, older ones only as TensorFlow's variables, which are not read any more; export"
            + " the model again from its run or weights file");
  }

  private static void refusedOf(Path export, Path file) {
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Model.load(export))
        .withMessageStartingWith(file.toString());
  }

  private static void refused(Path export, String message) {
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Model.load(export))
        .withMessage(message);
  }
}
