package dev.lamina.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.lamina.Golden;
import dev.lamina.data.ImageSet;
import dev.lamina.format.Safetensors;
import dev.lamina.format.Safetensors.Tensor;
import dev.lamina.graph.Variable;
import dev.lamina.io.LaminaException;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Sequential;
import dev.lamina.metric.Accuracy;
import dev.lamina.network.Network;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import javax.imageio.ImageIO;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelTest {
  static final int HEIGHT = 5;
  static final int WIDTH = 7;
  static final Network NETWORK =
      Network.input(HEIGHT, WIDTH, 3)
          .then(Conv2d.of(4, 3), BatchNorm.create(), Activation.RELU)
          .then(GlobalAveragePool.create(), Dense.of(3));

  @TempDir Path folder;
  private final Model model = Model.of(NETWORK, 1);

  @AfterEach
  void close() {
    model.close();
  }

  static ImageSet images(int count) {
    byte[] pixels = new byte[count * HEIGHT * WIDTH * 3];
    new Random(3).nextBytes(pixels);
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      labels[i] = i % 3;
    }
    return ImageSet.of(HEIGHT, WIDTH, 3, pixels, labels, List.of("a", "b", "c"));
  }

  @Test
  void evaluate_agreesWithTheLogits() {
    // More than one batch, and a short last one.
    ImageSet set = images(131);
    float[][] logits = model.logits(set);
    int correct = 0;
    double loss = 0;
    long[][] confusion = new long[3][3];
    for (int i = 0; i < logits.length; i++) {
      double sum = 0;
      int best = 0;
      for (int k = 0; k < 3; k++) {
        sum += Math.exp(logits[i][k]);
        best = logits[i][k] > logits[i][best] ? k : best;
      }
      loss += Math.log(sum) - logits[i][set.label(i)];
      correct += best == set.label(i) ? 1 : 0;
      confusion[set.label(i)][best]++;
    }
    Evaluation evaluation = model.evaluate(set);
    assertThat(evaluation.count()).isEqualTo(131);
    assertThat(evaluation.accuracy()).isEqualTo(correct / 131.0);
    assertThat(evaluation.loss()).isCloseTo(loss / 131, Offset.offset(1e-6));
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < 3; j++) {
        assertThat(evaluation.confusion(i, j)).isEqualTo(confusion[i][j]);
      }
    }
  }

  @Test
  void predict_everyFormOfTheSameImage() throws IOException {
    ImageSet set = images(2);
    Prediction expected = model.predict(set).get(1);
    byte[] pixels = set.image(1);
    int[][][] numbers = new int[HEIGHT][WIDTH][3];
    for (int i = 0; i < pixels.length; i++) {
      numbers[i / 3 / WIDTH][i / 3 % WIDTH][i % 3] = pixels[i] & 0xff;
    }
    Path file = folder.resolve("image.png");
    BufferedImage image = set.toBufferedImage(1);
    BufferedImage asDecoded = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_3BYTE_BGR);
    asDecoded.createGraphics().drawImage(image, 0, 0, null);
    ImageIO.write(image, "png", file.toFile());
    for (Prediction actual :
        List.of(
            model.predict(pixels),
            model.predict(numbers),
            model.predict(image),
            model.predict(asDecoded),
            model.predict(asDecoded), // It is as it was.
            model.predict(file))) {
      for (int k = 0; k < 3; k++) {
        assertThat(actual.probabilities().get(k))
            .isCloseTo(expected.probabilities().get(k), Offset.offset(1e-6));
      }
    }
    assertThat(expected.probabilities().stream().sum()).isCloseTo(1, Offset.offset(1e-12));
    assertThat(expected.top(2)).hasSize(2);
    assertThat(expected.top(9)).hasSize(3);
    assertThat(expected.best().probability())
        .isEqualTo(expected.probabilities().stream().max().orElseThrow());
  }

  @Test
  void predict_manyAtOnce() throws IOException {
    ImageSet set = images(130);
    List<Prediction> expected = model.predict(set);
    byte[][] pixels = new byte[130][];
    for (int i = 0; i < 130; i++) {
      pixels[i] = set.image(i);
    }
    assertThat(model.predict(pixels)).isEqualTo(expected);
    Path first = folder.resolve("0.png");
    Path second = folder.resolve("1.png");
    ImageIO.write(set.toBufferedImage(0), "png", first.toFile());
    ImageIO.write(set.toBufferedImage(1), "png", second.toFile());
    List<Prediction> files = model.predict(List.of(first, second));
    assertThat(files).hasSize(2);
    for (int k = 0; k < 3; k++) {
      assertThat(files.get(1).probabilities().get(k))
          .isCloseTo(expected.get(1).probabilities().get(k), Offset.offset(1e-6));
    }
  }

  @Test
  void predict_seesNewWeights() {
    ImageSet set = images(3);
    float[][] before = model.logits(set);
    Variable bias = model.session().variable("4.bias");
    float[] shifted = model.session().fetch(bias.read());
    for (int k = 0; k < 3; k++) {
      shifted[k] += k + 1;
    }
    model.session().assign(Map.of(bias, shifted));
    float[][] after = model.logits(set);
    for (int i = 0; i < 3; i++) {
      for (int k = 0; k < 3; k++) {
        assertThat(after[i][k]).isCloseTo(before[i][k] + k + 1, Offset.offset(1e-5f));
      }
    }
  }

  @Test
  void evaluate_withGivenWeights_isTheSameComputation() {
    ImageSet set = images(70);
    Weights weights = model.weights();
    Evaluation expected = model.evaluate(set, Accuracy.create());
    Map<String, float[]> other = new HashMap<>();
    weights.asMap().forEach((name, values) -> other.put(name, new float[values.length]));
    model.assign(Weights.of(other));
    assertThat(model.evaluate(set).loss()).isNotEqualTo(expected.loss());
    Evaluation given =
        model
            .evaluate(set, Optional.of(weights), List.of(Accuracy.create()), () -> false)
            .orElseThrow();
    assertThat(given.loss()).isEqualTo(expected.loss());
    assertThat(given.table()).isEqualTo(expected.table());
    assertThat(given.metrics()).isEqualTo(expected.metrics());
  }

  @Test
  void warmUp_needsAPositiveNumber() {
    model.warmUp(2);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.warmUp(0))
        .withMessage("batchSize must be positive, got 0");
  }

  @Test
  void evaluate_fromManyThreads() {
    ImageSet set = images(100);
    float[][] expected = model.logits(set);
    List<float[][]> all =
        java.util.stream.IntStream.range(0, 16)
            .parallel()
            .mapToObj(i -> model.logits(set))
            .toList();
    assertThat(all).hasSize(16).allSatisfy(l -> assertThat(l).isDeepEqualTo(expected));
  }

  @Test
  void predict_wrongShapeOrRange() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.predict(new byte[10]))
        .withMessage("pixels must be 105 bytes (5 x 7 x 3), got 10");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.predict(new int[4][7][3]))
        .withMessage("pixels must have 5 rows, got 4");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.predict(new int[5][6][3]))
        .withMessage("row 0 of pixels must have 7 columns, got 6");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.predict(new int[5][7][1]))
        .withMessage("pixel [0][0] must have 3 channels, got 1");
    int[][][] pixels = new int[5][7][3];
    pixels[2][3][1] = 256;
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.predict(pixels))
        .withMessage("pixel [2][3][1] must be in 0..255, got 256");
    pixels[2][3][1] = -1;
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.predict(pixels))
        .withMessage("pixel [2][3][1] must be in 0..255, got -1");
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> model.predict(folder.resolve("none.png")))
        .withMessage(
            folder.resolve("none.png") + " does not exist or is not a file; check the path");
    ImageSet other = ImageSet.of(1, 1, 3, new byte[3], new int[] {0}, List.of("a", "b", "c"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.evaluate(other))
        .withMessage("images must be 5 x 7 x 3 (height x width x channels), got 1 x 1 x 3");
    ImageSet two = ImageSet.of(HEIGHT, WIDTH, 3, new byte[105], new int[] {0}, List.of("a", "b"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.evaluate(two))
        .withMessage("classes of the images must be the network's 3, got 2");
    model.classNames(List.of("a", "b", "c"));
    ImageSet turned =
        ImageSet.of(HEIGHT, WIDTH, 3, new byte[105], new int[] {0}, List.of("b", "a", "c"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.evaluate(turned))
        .withMessage("classes of the images must be the model's [a, b, c], got [b, a, c]");
    ImageSet unnamed =
        ImageSet.of(HEIGHT, WIDTH, 3, new byte[105], new int[] {0}, List.of("0", "1", "2"));
    assertThat(model.evaluate(unnamed).loss()).isFinite();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.classNames(List.of("a")))
        .withMessage("classNames must have one name for each of the 3 classes, got 1");
  }

  @Test
  void weights_roundTrip() {
    Path file = folder.resolve("weights.safetensors");
    model.saveWeights(file);
    Safetensors written = Safetensors.read(file);
    assertThat(written.tensors().keySet())
        .containsExactly(
            "0.weight",
            "0.bias",
            "1.weight",
            "1.bias",
            "1.running_mean",
            "1.running_var",
            "4.weight",
            "4.bias");
    assertThat(Golden.at(written.tensors(), "0.weight").shape()).containsExactly(4, 3, 3, 3);
    assertThat(Golden.at(written.tensors(), "4.weight").shape()).containsExactly(3, 4);
    try (Model other = Model.of(NETWORK, 2)) {
      ImageSet set = images(3);
      assertThat(other.logits(set)[0]).isNotEqualTo(model.logits(set)[0]);
      other.loadWeights(file);
      assertThat(other.logits(set)).isDeepEqualTo(model.logits(set));
    }
  }

  @Test
  void weights_thatAreOfAnotherNetwork() {
    Path file = folder.resolve("w.safetensors");
    model.saveWeights(file);
    float[][] before = model.logits(images(2));
    Map<String, Tensor> tensors = Safetensors.read(file).tensors();

    Map<String, Tensor> lacking = new LinkedHashMap<>(tensors);
    lacking.remove("4.bias");
    new Safetensors(lacking, Map.of()).write(file);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> model.loadWeights(file))
        .withMessage(
            file
                + " does not match the network: missing key(s) in state_dict: \"4.bias\"; check that it"
                + " is of this network, with its width and classes");

    Map<String, Tensor> more = new LinkedHashMap<>(tensors);
    more.put("5.weight", Tensor.of(new long[] {1}, new float[1]));
    new Safetensors(more, Map.of()).write(file);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> model.loadWeights(file))
        .withMessage(
            file
                + " does not match the network: unexpected key(s) in state_dict: \"5.weight\"; check that"
                + " it is of this network, with its width and classes");

    Map<String, Tensor> reshaped = new LinkedHashMap<>(tensors);
    reshaped.put("4.weight", Tensor.of(new long[] {4, 3}, new float[12]));
    new Safetensors(reshaped, Map.of()).write(file);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> model.loadWeights(file))
        .withMessage(
            file
                + " does not match the network: size mismatch for 4.weight: file has [4, 3], network needs"
                + " [3, 4]; check that it is of this network, with its width and classes");

    assertThat(model.logits(images(2))).as("unchanged").isDeepEqualTo(before);

    Map<String, Tensor> counted = new LinkedHashMap<>(tensors);
    counted.put("1.num_batches_tracked", Tensor.of(new long[] {}, new float[1]));
    new Safetensors(counted, Map.of()).write(file);
    model.loadWeights(file);
    assertThat(Files.exists(file)).isTrue();
  }

  @Test
  void network_thatDoesNotFit() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Model.of(Network.input(8, 8, 3).then(Dense.of(3))))
        .withMessage(
            "input of Dense must be [features], got [8, 8, 3]; put Flatten or GlobalAveragePool before it");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Model.of(Network.input(8, 8, 3).then(Conv2d.of(2, 3))))
        .withMessage(
            "output of the network must be [classes], got [8, 8, 2]; end it with GlobalAveragePool and Dense");
    for (Layer last :
        List.of(Activation.SOFTMAX, Sequential.of(Activation.SOFTMAX, Dropout.of(0.5)))) {
      assertThatIllegalArgumentException()
          .isThrownBy(
              () -> Model.of(Network.input(3, 3, 1).then(Flatten.create(), Dense.of(3), last)))
          .withMessage(
              "output of the network must be logits, got those of SOFTMAX; leave it out, losses and predictions apply it");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Network.input(0, 8, 3))
        .withMessage("height must be positive, got 0");
  }

  @Test
  void summary_countsParametersAndMultiplyAdds() {
    // 4 filters of 3x3x3 at 35 places, then 4 x 3.
    assertThat(model.summary().lines()).first().isEqualTo("Network for images of 5 x 7 x 3");
    assertThat(model.summary().lines().reduce((a, b) -> b).orElseThrow())
        .isEqualTo("135 parameters, 8 running statistics, 3,792 MACs per image");
    assertThat(model.summary()).contains("[5, 7, 4]").contains("3,780").contains("112");
  }

  /** Of 40 columns, with two lines for each layer; one is enough for the whole table else. */
  @Test
  void summary_keepsToTheColumns() {
    String narrow = model.network().summary(40);
    assertThat(narrow.lines()).contains("layer kind", "4 Dense");
    assertThat(narrow.lines().skip(1).limit(9)).allMatch(line -> line.length() <= 40);
    assertThat(narrow.split("\\s+", -1)).isEqualTo(model.summary().split("\\s+", -1));
    int width = model.summary().lines().skip(1).mapToInt(String::length).findFirst().orElseThrow();
    assertThat(model.network().summary(width)).isEqualTo(model.summary());
    assertThat(model.network().summary(width - 1)).isNotEqualTo(model.summary());
  }

  @Test
  void close_thenUse() {
    ImageSet set = images(1);
    Optional<Weights> weights = Optional.of(model.weights());
    model.close();
    model.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> model.predict(new byte[105]))
        .withMessage("the model was closed: build or load it again");
    assertThatIllegalStateException()
        .isThrownBy(() -> model.evaluate(set, weights, List.of(), () -> false))
        .withMessage("the model was closed: build or load it again");
  }
}
