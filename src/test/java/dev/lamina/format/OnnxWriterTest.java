package dev.lamina.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Named.named;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.TensorInfo;
import dev.lamina.Golden;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Context;
import dev.lamina.graph.Variable;
import dev.lamina.layer.Activation;
import dev.lamina.layer.Add;
import dev.lamina.layer.AveragePool;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Celu;
import dev.lamina.layer.Concat;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Lambda;
import dev.lamina.layer.Layer;
import dev.lamina.layer.MaxPool;
import dev.lamina.layer.Normalize;
import dev.lamina.layer.Padding;
import dev.lamina.layer.Rescale;
import dev.lamina.layer.Residual;
import dev.lamina.layer.Sequential;
import dev.lamina.layer.SqueezeExcitation;
import dev.lamina.layer.StochasticDepth;
import dev.lamina.layer.ZeroPad;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.zoo.ResNetCifar;
import dev.lamina.zoo.Zoo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

/** ONNX files in ONNX Runtime against the same model in TensorFlow. */
class OnnxWriterTest {
  private static final int HEIGHT = 7;
  private static final int WIDTH = 10;
  private static final int BATCH = 5;

  @TempDir private Path folder;

  /** Compared position by position: pooling over the whole image would hide a shift. */
  private static Network seen(Layer... layers) {
    return Network.input(HEIGHT, WIDTH, 4).then(layers).then(Flatten.create(), Dense.of(3));
  }

  /** Of height 7 and width 10, same padding at stride 2 is even in one and odd in the other. */
  static Stream<Named<Layer>> layers() {
    Conv2d conv = Conv2d.of(6, 3);
    MaxPool max = MaxPool.of(3).stride(2);
    AveragePool average = AveragePool.of(3).stride(2);
    return Stream.of(
        named("convolution", conv),
        named("without bias", conv.bias(false)),
        named("one by one", Conv2d.of(3, 1)),
        named("even kernel", Conv2d.of(3, 2)),
        named("stride", conv.stride(2)),
        named("stride beyond the kernel", Conv2d.of(3, 1).stride(3)),
        named("stride, even kernel", Conv2d.of(3, 4).stride(3)),
        named("valid", conv.padding(Padding.VALID)),
        named("valid, stride", conv.padding(Padding.VALID).stride(2)),
        named("groups", conv.groups(2)),
        named("groups, stride", conv.groups(2).stride(2)),
        named("depthwise, two filters a channel", Conv2d.of(8, 3).groups(4)),
        named("batch norm", BatchNorm.create().epsilon(0.02)),
        named("batch norm after a convolution", Sequential.of(conv, BatchNorm.create())),
        named("max", MaxPool.of(2)),
        named("max, overlapping", max),
        named("half padding, stride", conv.stride(2).padding(Padding.HALF)),
        named("max, half padding", max.padding(Padding.HALF)),
        named("global average, kept dimensions", GlobalAveragePool.create().keepDims(true)),
        named("stochastic depth", StochasticDepth.of(0.4)),
        named(
            "squeeze and excitation",
            SqueezeExcitation.of(2).activations(Activation.SILU, Activation.HARD_SIGMOID)),
        named(
            "two forms of GELU in one layer",
            SqueezeExcitation.of(2).activations(Activation.GELU, Activation.GELU_TANH)),
        named(
            "residual of other names, without ReLU",
            Residual.of(Sequential.of().then("conv", Conv2d.of(6, 3)))
                .names("", "downsample")
                .shortcut(Conv2d.of(6, 1))
                .relu(false)),
        named("max, same", max.padding(Padding.SAME)),
        named("average", AveragePool.of(2)),
        named("average, overlapping", average),
        named("average, same", average.padding(Padding.SAME)),
        named("flatten", Flatten.create()),
        named("dropout", Dropout.of(0.4)),
        named(
            "normalize", Normalize.of(new double[] {0.4, -1, 0, 2}, new double[] {0.5, 2, 0.1, 1})),
        named("celu", Celu.of(0.6)),
        named("rescale", Rescale.of(0.7).offset(-0.2)),
        named("pad", ZeroPad.of(1).left(2).bottom(0).top(3)),
        named("empty", Sequential.of()),
        named("residual", Residual.of(Conv2d.of(4, 3), BatchNorm.create())),
        named(
            "residual, shortcut",
            Residual.of(conv.stride(2), BatchNorm.create())
                .shortcut(Conv2d.of(6, 1).stride(2), BatchNorm.create())),
        named("add", Add.of(Sequential.of(), Conv2d.of(4, 3), Activation.TANH)),
        named("add of one", Add.of(conv)),
        named("concat", Concat.of(conv, Sequential.of(), Conv2d.of(1, 1))),
        named(
            "layers within layers",
            Sequential.of()
                .then("a", Concat.of(Add.of(Conv2d.of(2, 3), Conv2d.of(2, 1)), conv))
                .then("b", Residual.of(Activation.GELU, Dropout.of(0.5), Activation.GELU))));
  }

  @ParameterizedTest
  @MethodSource("layers")
  void layer(Layer layer) throws OrtException {
    agrees(seen(layer));
  }

  static Stream<Named<Layer>> vectorLayers() {
    return Stream.of(
        named("dense", Dense.of(5)),
        named("dense without bias", Dense.of(5).bias(false)),
        named("flatten", Flatten.create()),
        named("batch norm", Sequential.of(BatchNorm.create(), BatchNorm.create())),
        named("batch norm after a dense layer", Sequential.of(Dense.of(4), BatchNorm.create())),
        named(
            "normalize", Normalize.of(new double[] {0.4, -1, 0, 2}, new double[] {0.5, 2, 0.1, 1})),
        named("concat", Concat.of(Sequential.of(), Dense.of(3))));
  }

  @ParameterizedTest
  @MethodSource("vectorLayers")
  void vectorLayer(Layer layer) throws OrtException {
    agrees(
        Network.input(HEIGHT, WIDTH, 4)
            .then(GlobalAveragePool.create(), layer, Activation.TANH, Dense.of(3)));
  }

  @ParameterizedTest
  @EnumSource
  void activation(Activation activation) throws OrtException {
    // About 0, where activations bend.
    agrees(seen(Rescale.of(10).offset(-5), activation));
    agrees(
        Network.input(HEIGHT, WIDTH, 4)
            .then(Flatten.create(), Dense.of(7), activation, Dense.of(3)));
  }

  @Test
  void flagship() throws OrtException {
    agrees(ResNetCifar.builder().width(4).network());
    agrees(ResNetCifar.builder().width(2).imageSize(17, 30).bias(false).classes(3).network());
  }

  @Test
  void networksOfTheZoo() throws OrtException {
    agrees(Zoo.get("resnet50").width(2).imageSize(33, 40).classes(3).network());
    agrees(Zoo.get("airbench96").width(4).classes(3).network());
    agrees(Zoo.get("resnet20").width(2).imageSize(9, 12).classes(3).network());
    agrees(Zoo.get("mobilenet_v3_small").imageSize(40, 33).classes(3).network());
  }

  /** The odd border's side and the mean without the border: these checks notice both. */
  @Test
  void attributesMatter() throws IOException, OrtException {
    differs(
        seen(Conv2d.of(6, 3).stride(2)),
        "Conv",
        OnnxGraph.attribute("pads", new long[] {1, 1, 1, 0}));
    differs(
        seen(AveragePool.of(3).stride(2).padding(Padding.SAME)),
        "AveragePool",
        OnnxGraph.attribute("count_include_pad", 1));
  }

  @Test
  void file_saysWhatItHolds() throws IOException, OrtException {
    Path file = folder.resolve("a/b/model.onnx");
    try (Model model = model(seen(Conv2d.of(2, 3), BatchNorm.create(), Activation.GELU))) {
      model.classNames(List.of("cat", "größe \"x\"", "ship"));
      model.exportOnnx(file, Map.of("accuracy", "0.9527"));
    }
    ModelProto proto = ModelProto.parseFrom(Files.readAllBytes(file));
    assertThat(proto.getProducerName()).isEqualTo("Lamina");
    assertThat(proto.getProducerVersion()).isEqualTo("development");
    assertThat(proto.getIrVersion()).isEqualTo(8);
    assertThat(proto.getOpsetImportList()).hasSize(1);
    assertThat(proto.getOpsetImport(0).getVersion()).isEqualTo(15);
    assertThat(proto.getGraph().getNodeList().stream().map(NodeProto::getOpType))
        .containsExactly(
            "Cast",
            "Div",
            "Transpose",
            "Conv",
            "Mul",
            "Erf",
            "Add",
            "Mul",
            "Mul",
            "Transpose",
            "Flatten",
            "Gemm",
            "Identity",
            "Softmax",
            "ArgMax");
    assertThat(proto.getGraph().getNodeList().stream().map(NodeProto::getName))
        .doesNotHaveDuplicates()
        .contains("0/Conv", "2/Mul", "2/Mul_1", "2/Mul_2");
    assertThat(proto.getGraph().getInitializerList().stream().map(TensorProto::getName))
        .doesNotHaveDuplicates()
        .contains("0.weight", "0.bias", "4.weight", "4.bias");
    try (OnnxRun run = new OnnxRun(file)) {
      assertThat(run.session().getMetadata().getCustomMetadata())
          .isEqualTo(
              Map.of(
                  "accuracy",
                  "0.9527",
                  "class_names",
                  "[\"cat\",\"größe \\\"x\\\"\",\"ship\"]",
                  "preprocessing",
                  "{\"resize\":\"pad\",\"crop\":1.0,\"filter\":\"bilinear\",\"upright\":false}"));
      assertThat(run.session().getInputInfo()).containsOnlyKeys("images");
      assertThat(info(run.session().getInputInfo(), "images").type).isEqualTo(OnnxJavaType.UINT8);
      assertThat(info(run.session().getInputInfo(), "images").getShape())
          .containsExactly(-1, HEIGHT, WIDTH, 4);
      assertThat(info(run.session().getInputInfo(), "images").getDimensionNames())
          .containsExactly("batch", "", "", "");
      assertThat(run.session().getOutputInfo())
          .containsOnlyKeys("probabilities", "logits", "class_ids");
      assertThat(info(run.session().getOutputInfo(), "class_ids").type)
          .isEqualTo(OnnxJavaType.INT64);
    }
  }

  @Test
  void file_isReplacedAsAWhole() throws IOException {
    Path file = Files.writeString(folder.resolve("model.onnx"), "old");
    try (Model model = model(seen())) {
      model.exportOnnx(file);
      byte[] written = Files.readAllBytes(file);
      assertThat(written).hasSizeGreaterThan(1000);
      model.exportOnnx(file);
      assertThat(file).hasBinaryContent(written);
      Path below = file.resolve("model.onnx");
      assertThatThrownBy(() -> model.exportOnnx(below))
          .isInstanceOf(UncheckedIOException.class)
          .hasMessage(
              below
                  + " could not be written (java.nio.file.FileAlreadyExistsException: "
                  + file
                  + "); free space or choose another folder");
    }
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void layersWithoutConverter_areNamedAndRefused() {
    Path file = folder.resolve("model.onnx");
    Layer own =
        new Layer() {
          @Override
          public Shape outputShape(Shape input) {
            return input;
          }

          @Override
          public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
            return input;
          }

          @Override
          public String kind() {
            return "Own";
          }
        };
    Lambda lambda = Lambda.of("shift", (tf, x) -> tf.math.add(x, tf.constant(1f)));
    refuses(
        seen(Residual.of(Activation.RELU, lambda)),
        file,
        "layers must have a converter for ONNX, layer \"0.main.1\" (Lambda shift) has none; register one with"
            + " OnnxConverters.register, replace the layer, or export a SavedModel");
    refuses(
        seen(Activation.RELU, own),
        file,
        "layers must have a converter for ONNX, layer \"1\" (Own) has none; register one with"
            + " OnnxConverters.register, replace the layer, or export a SavedModel");
    assertThat(file).doesNotExist();
  }

  private static void refuses(Network network, Path file, String message) {
    try (Model model = Model.of(network)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.exportOnnx(file))
          .withMessage(message);
    }
  }

  private static TensorInfo info(Map<String, NodeInfo> infos, String name) {
    return (TensorInfo) Golden.at(infos, name).getInfo();
  }

  /** Weights of either sign and variances far from 1, so that everything counts. */
  private static Model model(Network network) {
    Model model = Model.of(network);
    Random random = new Random(1);
    Map<Variable, float[]> weights = new LinkedHashMap<>();
    for (Variable variable : model.variables()) {
      float[] values = new float[Math.toIntExact(variable.parameter().size())];
      double spread = 1 / Math.sqrt((double) variable.parameter().fanIn());
      for (int i = 0; i < values.length; i++) {
        values[i] =
            variable.name().endsWith("running_var")
                ? 0.3f + 2 * random.nextFloat()
                : (float) (random.nextGaussian() * spread);
      }
      weights.put(variable, values);
    }
    model.session().assign(weights);
    return model;
  }

  private static byte[] pixels(Network network) {
    byte[] pixels = new byte[BATCH * Math.toIntExact(network.inputShape().size())];
    new Random(2).nextBytes(pixels);
    return pixels;
  }

  private static float[][] expected(Model model, byte[] pixels) {
    Network network = model.network();
    return model.logits(
        ImageSet.of(
            network.height(),
            network.width(),
            network.channels(),
            pixels,
            new int[BATCH],
            model.classNames()));
  }

  private Path export(Model model) {
    Path file = folder.resolve("model.onnx");
    model.exportOnnx(file);
    return file;
  }

  private void agrees(Network network) throws OrtException {
    byte[] pixels = pixels(network);
    try (Model model = model(network);
        OnnxRun run = new OnnxRun(export(model))) {
      float[][] expected = expected(model, pixels);
      OnnxRun.Outputs five =
          run.run(pixels, BATCH, network.height(), network.width(), network.channels());
      check(five, expected);
      byte[] first = Arrays.copyOf(pixels, pixels.length / BATCH);
      OnnxRun.Outputs one =
          run.run(first, 1, network.height(), network.width(), network.channels());
      check(one, new float[][] {expected[0]});
    }
  }

  private static void check(OnnxRun.Outputs actual, float[][] expected) {
    assertThat(actual.logits).hasDimensions(expected.length, expected[0].length);
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual.logits[i]).containsExactly(expected[i], within(tolerance(expected[i])));
      double sum = 0;
      int best = 0;
      for (int k = 0; k < expected[i].length; k++) {
        sum += Math.exp(expected[i][k]);
        best = expected[i][k] > expected[i][best] ? k : best;
      }
      assertThat(actual.classIds[i]).isEqualTo(best);
      for (int k = 0; k < expected[i].length; k++) {
        assertThat((double) actual.probabilities[i][k])
            .isCloseTo(Math.exp(expected[i][k]) / sum, within(1e-5));
      }
    }
  }

  /** Rounding is relative to the largest logits. */
  private static float tolerance(float[] logits) {
    float largest = 1;
    for (float logit : logits) {
      largest = Math.max(largest, Math.abs(logit));
    }
    return 1e-5f * largest;
  }

  private void differs(Network network, String type, AttributeProto attribute)
      throws IOException, OrtException {
    byte[] pixels = pixels(network);
    try (Model model = model(network)) {
      ModelProto.Builder proto =
          ModelProto.parseFrom(Files.readAllBytes(export(model))).toBuilder();
      for (NodeProto.Builder node : proto.getGraphBuilder().getNodeBuilderList()) {
        if (node.getOpType().equals(type)) {
          List<AttributeProto> others =
              node.getAttributeList().stream()
                  .filter(old -> !old.getName().equals(attribute.getName()))
                  .toList();
          node.clearAttribute().addAllAttribute(others);
          node.addAttribute(attribute);
        }
      }
      try (OnnxRun run = new OnnxRun(proto.build().toByteArray())) {
        float[][] expected = expected(model, pixels);
        OnnxRun.Outputs actual =
            run.run(pixels, BATCH, network.height(), network.width(), network.channels());
        float largest = 0;
        for (int k = 0; k < expected[0].length; k++) {
          largest = Math.max(largest, Math.abs(actual.logits[0][k] - expected[0][k]));
        }
        assertThat(largest).isGreaterThan(100 * tolerance(expected[0]));
      }
    }
  }
}
