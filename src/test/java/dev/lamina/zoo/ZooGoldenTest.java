package dev.lamina.zoo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.Golden;
import dev.lamina.data.ImageSet;
import dev.lamina.format.Safetensors;
import dev.lamina.format.Safetensors.Tensor;
import dev.lamina.format.TorchLayout;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Role;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The networks for ImageNet against torchvision and timm, with random weights that are read from a
 * file with PyTorch's names: parameters, logits, and loss, gradients and running statistics of one
 * pass in training. Each gradient and statistic is compared by its norm and two random projections.
 */
class ZooGoldenTest {
  private static final double LOGITS = 1e-4;
  private static final double STATISTICS = 1e-5;

  /**
   * Of the norm of a gradient. Rounding moves a few of the millions of inputs of a ReLU or a hard
   * swish to the other side of a kink: PyTorch's own float32 differs by up to 3e-3 from its
   * float64, which wrote the files. A wrong gradient is off by its own size.
   */
  private static final double GRADIENT = 5e-3;

  /** Of this network, PyTorch's own float32 differs by up to 2e-2. */
  private static final Map<String, Double> GRADIENT_OF = Map.of("mobilenet_v3_large", 3e-2);

  /** Of these, PyTorch's own float32 differs by up to 1e-4. */
  private static final double SMALL_PICTURES = 5e-4;

  /** A gradient of less than this share of the largest one's norm is mostly rounding. */
  private static final double SMALL = 1e-4;

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "resnet18, 11689512",
    "resnet34, 21797672",
    "resnet50, 25557032",
    "mobilenet_v3_small, 2542856",
    "mobilenet_v3_large, 5483032",
    "efficientnet_b0, 5288548",
    "timm/mobilenetv3_small_100, 2542856",
    "timm/mobilenetv3_large_100, 5483032",
    "timm/efficientnet_b0, 5288548"
  })
  void parameters_areAsManyAsPublished(String name, long expected) {
    assertThat(trained(name)).isEqualTo(expected);
  }

  private static long trained(String name) {
    return Zoo.get(name).network().parameters().values().stream()
        .filter(parameter -> parameter.role().trainable())
        .mapToLong(Parameter::size)
        .sum();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "resnet18",
        "resnet34",
        "resnet50",
        "mobilenet_v3_small",
        "mobilenet_v3_large",
        "efficientnet_b0"
      })
  void logitsAndOneTrainingPass(String name) {
    try (Model model = load(name, 224, 224)) {
      logits(model, name, "logits");
      trains(
          model,
          golden(name),
          ZooNumbers.images("train", 224, 224, 3, 991),
          GRADIENT_OF.getOrDefault(name, GRADIENT));
    }
  }

  /** These differ from torchvision's in names, in the constants of batch norm, and in the head. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "timm/mobilenetv3_small_100",
        "timm/mobilenetv3_large_100",
        "timm/efficientnet_b0"
      })
  void logits(String name) {
    try (Model model = load(name, 224, 224)) {
      logits(model, name, "logits");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"resnet50", "mobilenet_v3_small"})
  void logits_ofOddSize(String name) {
    try (Model model = load(name, 97, 129)) {
      logits(model, name, "logits_odd");
    }
  }

  /** Networks for 32x32 pixels against their definitions in PyTorch, tools/golden-zoo/cifar.py. */
  @ParameterizedTest
  @CsvSource({
    "resnet20, 269722",
    "resnet18-cifar, 11173962",
    "wrn-16-4, 2748890",
    "resnet9, 6573120",
    // Those of PyTorch, less the scales of batch norms and the whitening, which are not trained.
    "airbench94, 1971352",
    "airbench96, 9915416"
  })
  void smallPictures(String name, long parameters) {
    assertThat(trained(name)).isEqualTo(parameters);
    try (Model model = load(name, 32, 32)) {
      logits(model, name, "logits");
      trains(model, golden(name), ZooNumbers.images("train", 32, 32, 3, 7), SMALL_PICTURES);
    }
    try (Model model = load(name, 41, 35)) {
      logits(model, name, "logits_odd");
    }
  }

  /**
   * He et al., arXiv 1512.03385, table 6, and Zagoruyko and Komodakis, arXiv 1605.07146, table 5.
   */
  @ParameterizedTest
  @CsvSource({
    "resnet32, 0.46",
    "resnet44, 0.66",
    "resnet56, 0.85",
    "resnet110, 1.7",
    "wrn-28-10, 36.5"
  })
  void deepNetworks_haveThePublishedMillions(String name, String millions) {
    int digits = millions.length() - millions.indexOf('.') - 1;
    assertThat(String.format(Locale.ROOT, "%." + digits + "f", trained(name) / 1e6))
        .isEqualTo(millions);
  }

  private static void logits(Model model, String name, String key) {
    Network network = model.network();
    float[][] logits =
        model.logits(ZooNumbers.images("eval", network.height(), network.width(), 0, 0));
    float[] expected = Golden.at(golden(name), key).floats();
    FirstDifference difference = new FirstDifference();
    for (int i = 0; i < logits.length; i++) {
      int classes = logits[i].length;
      float[] row = Arrays.copyOfRange(expected, i * classes, (i + 1) * classes);
      difference.add(key + " " + i, logits[i], row, LOGITS);
    }
    assertAgrees(difference);
  }

  private static void assertAgrees(FirstDifference difference) {
    assertThat(difference.find()).as(difference.table()).isEmpty();
  }

  private static void trains(
      Model model, Map<String, Tensor> golden, ImageSet images, double bound) {
    TrainingPass pass = new TrainingPass(model);
    Map<String, float[]> results = pass.run(images);
    FirstDifference difference = new FirstDifference();
    difference.add("loss", Golden.at(results, "loss"), Golden.at(golden, "loss").floats(), LOGITS);
    double largest =
        golden.keySet().stream()
            .filter(key -> key.startsWith("grad."))
            .mapToDouble(key -> Golden.at(golden, key).floats()[0])
            .max()
            .orElseThrow();
    Map<String, Parameter> parameters = model.network().parameters();
    Map<String, float[]> values = GoldenModel.values(model);
    int compared = 0;
    for (Map.Entry<String, Parameter> entry : parameters.entrySet()) {
      if (entry.getValue().role() == Role.FIXED) {
        continue;
      }
      String name = entry.getKey();
      boolean trained = entry.getValue().role().trainable();
      float[] expected = Golden.at(golden, (trained ? "grad." : "after.") + name).floats();
      float[] actual =
          ZooNumbers.summary(
              name,
              trained ? Golden.at(results, "grad." + name) : Golden.at(values, name),
              TorchLayout.shape(entry.getValue()));
      if (trained && expected[0] < SMALL * largest) {
        for (int i = 0; i < actual.length; i++) {
          actual[i] -= expected[i];
        }
        difference.addZero(name, actual, bound * SMALL * largest);
      } else {
        difference.add(name, actual, expected, trained ? bound : STATISTICS);
      }
      compared++;
    }
    assertAgrees(difference);
    assertThat(compared)
        .isEqualTo(
            golden.keySet().stream()
                .filter(key -> key.startsWith("grad.") || key.startsWith("after."))
                .count());
  }

  private Model load(String name, int height, int width) {
    Map<String, Tensor> golden = golden(name);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    Zoo.Builder builder = Zoo.get(name).imageSize(height, width);
    if (name.contains("net_")) {
      builder.dropout(0);
    }
    if (name.contains("efficientnet")) {
      builder.option("stochasticDepth", 0);
    }
    builder
        .network()
        .parameters()
        .forEach(
            (key, parameter) -> {
              long[] shape = TorchLayout.shape(parameter);
              tensors.put(
                  key,
                  parameter.role() != Role.STATISTIC
                      ? Tensor.of(shape, ZooNumbers.weight(name, key, shape))
                      : Golden.at(golden, "state." + key));
            });
    Path file = folder.resolve("weights.safetensors");
    new Safetensors(tensors, Map.of("format", "pt")).write(file);
    Model model = builder.build();
    model.loadWeights(file);
    return model;
  }

  private static Map<String, Tensor> golden(String name) {
    return Safetensors.read(Golden.file("zoo_" + name.replace('/', '-') + ".safetensors"))
        .tensors();
  }
}
