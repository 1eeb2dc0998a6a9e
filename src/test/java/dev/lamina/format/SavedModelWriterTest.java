package dev.lamina.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lamina.format.Safetensors.Tensor;
import dev.lamina.graph.Context;
import dev.lamina.graph.Device;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Variable;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Layer;
import dev.lamina.layer.MaxPool;
import dev.lamina.layer.Sequential;
import dev.lamina.network.Network;
import dev.lamina.network.Servable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

class SavedModelWriterTest {
  private static final Shape IMAGE = Shape.of(7, 9, 3);
  private static final List<String> CLASSES = List.of("cat", "größe", "ship", "truck", "dog");
  private static final Sequential BODY =
      Sequential.of(
          Conv2d.of(4, 3),
          BatchNorm.create(),
          Activation.RELU,
          MaxPool.of(2),
          GlobalAveragePool.create(),
          Sequential.of(Dense.of(5)));

  @TempDir private Path folder;

  @Test
  void anotherJvmGivesTheSame() throws Exception {
    Path model = folder.resolve("export/1");
    SavedModelWriter.write(model, servable(BODY));
    // Red, green and blue in turn, so that the predicted classes differ.
    byte[] five = new byte[(int) IMAGE.size() * 5];
    Random random = new Random(1);
    for (int i = 0; i < five.length; i++) {
      boolean bright = i % 3 == i / (int) IMAGE.size() % 3;
      five[i] = (byte) (random.nextInt(56) + (bright ? 200 : 0));
    }
    byte[] one = Arrays.copyOf(five, (int) IMAGE.size());
    Path fiveRun = folder.resolve("five.safetensors");
    Path oneRun = folder.resolve("one.safetensors");

    runInAnotherJvm(
        model,
        Files.write(folder.resolve("five"), five),
        fiveRun,
        Files.write(folder.resolve("one"), one),
        oneRun);

    checkRun(Safetensors.read(fiveRun), five, 5);
    assertThat(Safetensors.read(fiveRun).metadata().values().stream().distinct().count())
        .as("ids and labels of three classes")
        .isEqualTo(6);
    checkRun(Safetensors.read(oneRun), one, 1);
  }

  private static void checkRun(Safetensors there, byte[] pixels, int batch) {
    float[] logits = logitsFromVariables(pixels);
    assertThat(there.tensors().keySet()).containsExactlyInAnyOrder("logits", "probabilities");
    Tensor thereLogits = Objects.requireNonNull(there.tensors().get("logits"));
    Tensor probabilities = Objects.requireNonNull(there.tensors().get("probabilities"));
    assertThat(thereLogits.shape()).containsExactly(batch, 5);
    assertThat(probabilities.shape()).containsExactly(batch, 5);
    assertThat(thereLogits.floats()).containsExactly(logits, within(1e-4f));
    for (int i = 0; i < batch; i++) {
      double sum = 0;
      int best = 0;
      for (int c = 0; c < 5; c++) {
        sum += Math.exp(logits[i * 5 + c]);
        best = logits[i * 5 + c] > logits[i * 5 + best] ? c : best;
      }
      for (int c = 0; c < 5; c++) {
        assertThat((double) probabilities.floats()[i * 5 + c])
            .isCloseTo(Math.exp(logits[i * 5 + c]) / sum, within(1e-4));
      }
      assertThat(there.metadata())
          .containsEntry("class_id " + i, Integer.toString(best))
          .containsEntry("label " + i, CLASSES.get(best));
    }
  }

  @Test
  void onlyTheInferenceGraph() throws IOException {
    SavedModelWriter.write(folder.resolve("1"), servable(BODY));

    SavedModel model = SavedModel.parseFrom(Files.readAllBytes(folder.resolve("1/saved_model.pb")));
    assertThat(model.getSavedModelSchemaVersion()).isEqualTo(1);
    assertThat(model.getMetaGraphsCount()).isEqualTo(1);
    MetaGraphDef graph = model.getMetaGraphs(0);
    assertThat(graph.getMetaInfoDef().getTagsList()).containsExactly("serve");
    assertThat(graph.getMetaInfoDef().getTensorflowVersion()).isEqualTo("2.18.0");
    assertThat(graph.hasSaverDef()).isFalse();
    assertThat(graph.getCollectionDefMap()).isEmpty();
    assertThat(graph.getGraphDef().getNodeList().stream().map(NodeDef::getOp).distinct())
        .containsExactlyInAnyOrder(
            "Placeholder",
            "Const",
            "Cast",
            "Div",
            "Conv2D",
            "BiasAdd",
            "Relu",
            "MaxPool",
            "Mean",
            "MatMul",
            "MapDefun",
            "Softmax",
            "ArgMax",
            "GatherV2");
    assertThat(graph.getSignatureDefMap())
        .containsOnlyKeys("serving_default", "from_encoded", "features");
    for (SignatureDef signature : graph.getSignatureDefMap().values()) {
      assertThat(signature.getMethodName()).isEqualTo("tensorflow/serving/predict");
    }
    SignatureDef images = graph.getSignatureDefOrThrow("serving_default");
    assertThat(images.getInputsMap()).containsOnlyKeys("images");
    assertThat(images.getOutputsMap())
        .containsOnlyKeys("probabilities", "logits", "class_ids", "labels");
    SignatureDef files = graph.getSignatureDefOrThrow("from_encoded");
    assertThat(files.getInputsMap()).containsOnlyKeys("image_bytes");
    assertThat(files.getOutputsMap().keySet()).isEqualTo(images.getOutputsMap().keySet());
    SignatureDef features = graph.getSignatureDefOrThrow("features");
    assertThat(features.getInputsMap()).containsOnlyKeys("images");
    assertThat(features.getOutputsMap()).containsOnlyKeys("features");
  }

  @Test
  void descriptionLiesBesideTheModel() throws IOException {
    SavedModelWriter.write(folder.resolve("1"), servable(BODY));

    JsonNode written =
        new ObjectMapper().readTree(folder.resolve("1/assets.extra/lamina.json").toFile());
    assertThat(written.fieldNames())
        .toIterable()
        .containsExactlyInAnyOrder(
            "format",
            "lamina_version",
            "network",
            "preprocessing",
            "class_names",
            "metadata",
            "weights_sha256");
    assertThat(written.get("format").intValue()).isEqualTo(4);
    assertThat(written.get("lamina_version").textValue()).isEqualTo("development");
    assertThat(written.get("class_names"))
        .map(JsonNode::textValue)
        .containsExactlyElementsOf(CLASSES);
    assertThat(written.get("metadata").toString()).isEqualTo("{\"accuracy\":\"0.9527\"}");
    assertThat(written.at("/network/height").intValue()).isEqualTo(7);
    assertThat(written.at("/network/body/layers/0/layer/filters").intValue()).isEqualTo(4);
  }

  @Test
  void targetMustBeNewOrEmpty() throws IOException {
    Path model = folder.resolve("1");
    Path file = Files.createFile(folder.resolve("file"));
    Files.createDirectory(model);
    SavedModelWriter.write(model, servable(BODY));
    for (Path occupied : List.of(model, file)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> SavedModelWriter.write(occupied, servable(BODY)))
          .withMessage(
              "target must be a new or empty folder, got %s; choose another or delete it"
                  .formatted(occupied));
    }
    assertThat(names(folder)).containsExactlyInAnyOrder("1", "file");
    assertThat(names(model))
        .containsExactlyInAnyOrder("saved_model.pb", "variables", "assets.extra");
  }

  /** As a mount point, which can be neither deleted nor replaced. */
  @Test
  void emptyFolder_isKept() throws IOException {
    Path model = Files.createDirectory(folder.resolve("1"));
    Object key = key(model);
    SavedModelWriter.write(model, servable(BODY));
    assertThat(key(model)).isEqualTo(key);
    assertThat(names(folder)).containsExactly("1");
    checkWhole(model);
  }

  @Test
  void linkToAnEmptyFolder_isKept() throws IOException {
    Path model = Files.createDirectories(folder.resolve("disk/1"));
    Path link = Files.createSymbolicLink(folder.resolve("1"), Path.of("disk/1"));
    SavedModelWriter.write(link, servable(BODY));
    assertThat(link).isSymbolicLink();
    assertThat(names(folder)).containsExactlyInAnyOrder("1", "disk");
    assertThat(names(folder.resolve("disk"))).containsExactly("1");
    checkWhole(model);
  }

  @Test
  void linkToNothing_isRefused() throws IOException {
    Path link = Files.createSymbolicLink(folder.resolve("1"), Path.of("disk/1"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SavedModelWriter.write(link, servable(BODY)))
        .withMessage(
            "target must not be a symbolic link to a missing folder, got %s; create that folder",
            link);
    assertThat(link).isSymbolicLink();
  }

  /** Of a process that was killed. */
  @Test
  void temporaryFolderOfAnotherWriter_isNoContent() throws IOException {
    Path model = folder.resolve("1");
    Files.createDirectories(model.resolve(".saved_model.pb.0.tmp/variables"));
    SavedModelWriter.write(model, servable(BODY));
    assertThat(names(model))
        .containsExactlyInAnyOrder(
            "saved_model.pb", "variables", "assets.extra", ".saved_model.pb.0.tmp");
  }

  /** A reader takes a folder with saved_model.pb for a whole model. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void emptyFolder_getsSavedModelLast() throws Exception {
    Path model = Files.createDirectory(folder.resolve("1"));
    List<String> created = new ArrayList<>();
    try (WatchService watch = model.getFileSystem().newWatchService()) {
      model.register(watch, StandardWatchEventKinds.ENTRY_CREATE);
      SavedModelWriter.write(model, servable(BODY));
      while (!created.contains("saved_model.pb")) {
        WatchKey events = Objects.requireNonNull(watch.poll(30, TimeUnit.SECONDS), "no event");
        events.pollEvents().forEach(event -> created.add(String.valueOf(event.context())));
        events.reset();
      }
    }
    assertThat(created).hasSize(4).endsWith("saved_model.pb").contains("variables", "assets.extra");
    assertThat(created.get(0)).startsWith(".saved_model.pb.").endsWith(".tmp");
  }

  @Test
  void failure_leavesTheFolderEmpty() throws IOException {
    Path model = Files.createDirectory(folder.resolve("1"));
    Layer failing =
        during(
            () -> {
              throw new IOException("disk full");
            });
    assertThatThrownBy(() -> SavedModelWriter.write(model, servable(BODY.then(failing))))
        .isInstanceOf(UncheckedIOException.class);
    assertThat(model).isEmptyDirectory();
    assertThat(names(folder)).containsExactly("1");
  }

  @Test
  void emptyFolder_thatIsFilledMeanwhile() throws IOException {
    Path model = Files.createDirectory(folder.resolve("1"));
    Layer intruder = during(() -> Files.createDirectories(model.resolve("variables")));
    assertThatThrownBy(() -> SavedModelWriter.write(model, servable(BODY.then(intruder))))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessage(
            ("%s could not be written (java.nio.file.DirectoryNotEmptyException: %s);"
                    + " free space or choose another folder")
                .formatted(model, model.toRealPath()));
    assertThat(names(folder)).containsExactly("1");
    assertThat(names(model)).containsExactly("variables");
  }

  private static Object key(Path folder) throws IOException {
    return Objects.requireNonNull(
        Files.readAttributes(folder, BasicFileAttributes.class).fileKey());
  }

  private static void checkWhole(Path model) throws IOException {
    assertThat(names(model))
        .containsExactlyInAnyOrder("saved_model.pb", "variables", "assets.extra");
    assertThat(SavedModelReader.read(model).weights()).containsOnlyKeys(weights().keySet());
  }

  private interface Action {
    void run() throws IOException;
  }

  /** Returns a layer that does something while the graph is built. */
  private static Layer during(Action action) {
    return new Layer() {
      @Override
      public Shape outputShape(Shape input) {
        return input;
      }

      @Override
      public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
        try {
          action.run();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
        return input;
      }
    };
  }

  /** The target is created while the graph is built, so that only the last step fails. */
  @Test
  void failureLeavesNothing() throws IOException {
    Path model = folder.resolve("1");
    Layer intruder = during(() -> Files.createDirectories(model.resolve("other")));

    assertThatThrownBy(() -> SavedModelWriter.write(model, servable(BODY.then(intruder))))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessage(
            ("%s could not be written (java.nio.file.DirectoryNotEmptyException: %s);"
                    + " free space or choose another folder")
                .formatted(model, model));
    assertThat(names(folder)).containsExactly("1");
    assertThat(names(model)).containsExactly("other");
  }

  @Test
  void weightsMustBeThoseOfTheNetwork() {
    Map<String, float[]> weights = new HashMap<>(weights());
    weights.remove("0.bias");
    refuses(weights, "weights must hold every parameter, lack 0.bias");
    weights.put("0.bias", new float[3]);
    refuses(weights, "0.bias must have 4 values, got 3");
    weights.put("0.bias", new float[4]);
    weights.put("6.weight", new float[1]);
    refuses(weights, "weights must be those of the network's parameters, got also [6.weight]");
  }

  @Test
  void classNamesMustFitTheNetwork() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new Servable(
                    new Network("Net", 7, 9, 3, BODY), weights(), List.of("a", "b"), Map.of()))
        .withMessage("body must give one logit for each of 2 class names, got shape [5]");
  }

  private void refuses(Map<String, float[]> weights, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> new Servable(new Network("Net", 7, 9, 3, BODY), weights, CLASSES, Map.of()))
        .withMessage(message);
  }

  private static Servable servable(Sequential body) {
    return new Servable(
        new Network("Net", 7, 9, 3, body), weights(), CLASSES, Map.of("accuracy", "0.9527"));
  }

  /** Random weights by full name; variances are positive. */
  private static Map<String, float[]> weights() {
    Map<String, float[]> weights = new LinkedHashMap<>();
    Random random = new Random(20);
    parameters()
        .forEach(
            (name, parameter) -> {
              float[] values = new float[(int) parameter.size()];
              for (int i = 0; i < values.length; i++) {
                float value = (float) random.nextGaussian();
                values[i] = name.endsWith("running_var") ? 0.2f + Math.abs(value) : value;
              }
              weights.put(name, values);
            });
    return weights;
  }

  private static Map<String, Parameter> parameters() {
    Map<String, Parameter> parameters = new LinkedHashMap<>();
    for (Layer.Child child : BODY.children(IMAGE)) {
      for (Parameter parameter : child.layer().parameters(child.input())) {
        parameters.put(child.name() + "." + parameter.name(), parameter);
      }
    }
    for (Parameter parameter : Dense.of(5).parameters(Shape.of(4))) {
      parameters.put("5.0." + parameter.name(), parameter);
    }
    return parameters;
  }

  private static float[] logitsFromVariables(byte[] pixels) {
    float[] scaled = new float[pixels.length];
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = Byte.toUnsignedInt(pixels[i]) / 255f;
    }
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Map<Variable, float[]> values = new HashMap<>();
      Map<String, float[]> weights = weights();
      parameters()
          .forEach(
              (name, parameter) ->
                  values.put(
                      session.create(name, parameter), Objects.requireNonNull(weights.get(name))));
      session.assign(values);
      Placeholder<TFloat32> images =
          session.ops().placeholder(TFloat32.class, Placeholder.shape(IMAGE.prepend(-1)));
      Operand<TFloating> logits = BODY.apply(Context.inference(session), Floats.asFloating(images));
      Shape batch = IMAGE.prepend(pixels.length / IMAGE.size());
      try (TFloat32 fed = TFloat32.tensorOf(batch, DataBuffers.of(scaled));
          var result = session.runner().feed(images, fed).fetch(logits).run()) {
        return GraphSession.floats(result.get(0));
      }
    }
  }

  private void runInAnotherJvm(Path model, Path... batches) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(SavedModelRun.class.getName(), model.toString(), "7", "9", "3"));
    for (Path path : batches) {
      command.add(path.toString());
    }
    Path log = folder.resolve("log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    assertThat(process.waitFor()).as(() -> read(log)).isZero();
  }

  private static String read(Path log) {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> names(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }
}
