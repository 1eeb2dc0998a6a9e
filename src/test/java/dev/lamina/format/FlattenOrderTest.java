package dev.lamina.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.data.ImageSet;
import dev.lamina.format.Safetensors.Tensor;
import dev.lamina.graph.Parameter;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Concat;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Sequential;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.zoo.Zoo;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights after a flattened image against sums in plain Java, which flattens as PyTorch does. */
class FlattenOrderTest {
  private static final int HEIGHT = 3;
  private static final int WIDTH = 5;
  private static final int CHANNELS = 2;
  private static final int FEATURES = HEIGHT * WIDTH * CHANNELS;

  /** As many units as features, so that the bias has as many values as the kernel rows. */
  private static final Network NETWORK =
      Network.input(HEIGHT, WIDTH, CHANNELS)
          .then("flatten", Flatten.create())
          .then("bn", BatchNorm.create())
          .then("head", Sequential.of(Dropout.of(0.5), Dense.of(FEATURES), Activation.RELU))
          .then("fc", Dense.of(3));

  @TempDir private Path folder;
  private final Random random = new Random(7);

  /** How a program flattens: the place of a value in the vector. */
  private interface Order {
    int of(int y, int x, int channel);
  }

  private static final Order TORCH = (y, x, c) -> (c * HEIGHT + y) * WIDTH + x;
  private static final Order HERE = (y, x, c) -> (y * WIDTH + x) * CHANNELS + c;

  private Map<String, Tensor> tensors(Network network) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    network
        .parameters()
        .forEach(
            (name, parameter) -> {
              float[] values = new float[(int) parameter.size()];
              for (int i = 0; i < values.length; i++) {
                values[i] =
                    name.endsWith("running_var")
                        ? random.nextFloat() + 0.5f
                        : random.nextFloat() - 0.5f;
              }
              tensors.put(name, Tensor.of(TorchLayout.shape(parameter), values));
            });
    return tensors;
  }

  private Path write(Map<String, Tensor> tensors, Map<String, String> metadata) {
    Path file = folder.resolve("weights.safetensors");
    new Safetensors(tensors, metadata).write(file);
    return file;
  }

  private static float[] floats(Map<String, Tensor> tensors, String name) {
    return Objects.requireNonNull(tensors.get(name), name).floats();
  }

  /** Returns the logits of an image by the tensors of a file, whose kernels are [out, in]. */
  private static float[] logits(Map<String, Tensor> tensors, byte[] image, Order order) {
    double[] features = new double[FEATURES];
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        for (int c = 0; c < CHANNELS; c++) {
          int feature = order.of(y, x, c);
          double pixel = (image[(y * WIDTH + x) * CHANNELS + c] & 0xff) / 255.0;
          double deviation = Math.sqrt(floats(tensors, "bn.running_var")[feature] + 1e-5);
          features[feature] =
              (pixel - floats(tensors, "bn.running_mean")[feature])
                      / deviation
                      * floats(tensors, "bn.weight")[feature]
                  + floats(tensors, "bn.bias")[feature];
        }
      }
    }
    double[] hidden = dense(tensors, "head.1", features);
    for (int i = 0; i < hidden.length; i++) {
      hidden[i] = Math.max(0, hidden[i]);
    }
    double[] outputs = dense(tensors, "fc", hidden);
    return new float[] {(float) outputs[0], (float) outputs[1], (float) outputs[2]};
  }

  private static double[] dense(Map<String, Tensor> tensors, String name, double[] in) {
    float[] weight = floats(tensors, name + ".weight");
    float[] bias = floats(tensors, name + ".bias");
    double[] out = new double[bias.length];
    for (int o = 0; o < out.length; o++) {
      out[o] = bias[o];
      for (int i = 0; i < in.length; i++) {
        out[o] += weight[o * in.length + i] * in[i];
      }
    }
    return out;
  }

  private void computes(Model model, Map<String, Tensor> tensors, Order order) {
    byte[] image = new byte[FEATURES];
    random.nextBytes(image);
    ImageSet one = ImageSet.of(HEIGHT, WIDTH, CHANNELS, image, new int[1], List.of("0", "1", "2"));
    assertThat(model.logits(one)[0]).containsExactly(logits(tensors, image, order), within(1e-4f));
  }

  @Test
  void fileOfPyTorch_isReadInItsOrder_andWrittenSo() {
    Map<String, Tensor> torch = tensors(NETWORK);
    try (Model model = Model.of(NETWORK)) {
      model.loadWeights(write(torch, Map.of("format", "pt")));
      computes(model, torch, TORCH);
      Path saved = folder.resolve("saved.safetensors");
      model.saveWeights(saved);
      Map<String, Tensor> written = Safetensors.read(saved).tensors();
      torch.forEach((name, tensor) -> assertThat(floats(written, name)).isEqualTo(tensor.floats()));
      try (Model loaded = Model.load(saved)) {
        computes(loaded, torch, TORCH);
      }
      Path export = folder.resolve("export/1");
      model.export(export);
      try (Model loaded = Model.load(export)) {
        computes(loaded, torch, TORCH);
      }
    }
  }

  /** Format 3 had the order of Flatten. */
  @Test
  void fileOfAnOlderVersion_isReadAsItWasWritten() {
    Map<String, Tensor> older = tensors(NETWORK);
    try (Model model = Model.of(NETWORK)) {
      Path saved = folder.resolve("saved.safetensors");
      model.saveWeights(saved);
      Map<String, String> metadata = new LinkedHashMap<>(Safetensors.read(saved).metadata());
      metadata.replaceAll((key, text) -> text.replace("\"format\":4", "\"format\":3"));
      Path file = write(older, metadata);
      model.loadWeights(file);
      computes(model, older, HERE);
      try (Model loaded = Model.load(file)) {
        computes(loaded, older, HERE);
      }
    }
  }

  /** Of vectors one behind the other, that of an image is flattened inside its part. */
  @Test
  void flattenedBranch_hasItsPlaceInTheConcatenation() {
    Network network =
        Network.input(HEIGHT, WIDTH, CHANNELS)
            .then(Concat.of(GlobalAveragePool.create(), Flatten.create()), Dense.of(1).bias(false));
    Parameter kernel = Objects.requireNonNull(network.parameters().get("1.weight"));
    float[] torch = new float[CHANNELS + FEATURES];
    for (int i = 0; i < torch.length; i++) {
      torch[i] = i;
    }
    Path file = write(Map.of("1.weight", Tensor.of(TorchLayout.shape(kernel), torch)), Map.of());
    float[] here = Objects.requireNonNull(WeightsFile.weights(file, network).get("1.weight"));
    assertThat(here).startsWith(0, 1);
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        for (int c = 0; c < CHANNELS; c++) {
          assertThat(here[CHANNELS + HERE.of(y, x, c)]).isEqualTo(CHANNELS + TORCH.of(y, x, c));
        }
      }
    }
  }

  @Test
  void networkThatFlattensSinglePixelsOrChannels_hasNoOrder() {
    Network pooled =
        Network.input(HEIGHT, WIDTH, CHANNELS)
            .then(GlobalAveragePool.create().keepDims(true), Flatten.create(), Dense.of(2));
    assertThat(FlattenOrder.of(pooled).isNone()).isTrue();
    Network grey = Network.input(HEIGHT, WIDTH, 1).then(Flatten.create(), Dense.of(2));
    assertThat(FlattenOrder.of(grey).isNone()).isTrue();
    assertThat(FlattenOrder.of(NETWORK).isNone()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"resnet9", "airbench94", "airbench96"})
  void networkForCifar_flattensSeveralPixelsOfLargerImagesOnly(String name) {
    assertThat(FlattenOrder.of(Zoo.get(name).network()).isNone()).isTrue();
    assertThat(FlattenOrder.of(Zoo.get(name).imageSize(64, 64).network()).isNone()).isFalse();
  }
}
