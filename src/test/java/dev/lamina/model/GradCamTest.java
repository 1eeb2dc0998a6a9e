package dev.lamina.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.data.ImageSet;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Sequential;
import dev.lamina.layer.WithoutGradient;
import dev.lamina.network.Network;
import dev.lamina.zoo.Zoo;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.tensorflow.ndarray.Shape;

class GradCamTest {
  private static final int HEIGHT = 5;
  private static final int WIDTH = 7;
  private static final int FEATURES = 4;

  private final byte[] pixels = new byte[HEIGHT * WIDTH * 3];

  GradCamTest() {
    new Random(2).nextBytes(pixels);
  }

  private static Network network(Layer... head) {
    return Network.input(HEIGHT, WIDTH, 3)
        .then("features", Sequential.of(Conv2d.of(FEATURES, 3)))
        .then("head", Sequential.of(head));
  }

  /** The convolution, slowly: [height][width][features]. */
  private double[][][] features(Weights weights) {
    float[] kernel = weights.get("features.0.weight");
    float[] bias = weights.get("features.0.bias");
    double[][][] features = new double[HEIGHT][WIDTH][FEATURES];
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        for (int k = 0; k < FEATURES; k++) {
          double sum = bias[k];
          for (int i = 0; i < 27; i++) {
            int row = y + i / 9 - 1;
            int column = x + i / 3 % 3 - 1;
            if (row >= 0 && row < HEIGHT && column >= 0 && column < WIDTH) {
              int pixel = pixels[(row * WIDTH + column) * 3 + i % 3] & 0xff;
              sum += pixel / 255.0 * kernel[i * FEATURES + k];
            }
          }
          features[y][x][k] = sum;
        }
      }
    }
    return features;
  }

  private void assertMap(HeatMap map, double[][][] features, double[] weights, double tolerance) {
    assertThat(map.height()).isEqualTo(HEIGHT);
    assertThat(map.width()).isEqualTo(WIDTH);
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        double sum = 0;
        for (int k = 0; k < FEATURES; k++) {
          sum += weights[k] * features[y][x][k];
        }
        assertThat(map.get(y, x)).isCloseTo(Math.max(0, sum), within(tolerance));
      }
    }
  }

  /** After an activation, whose gradient is the library's own; its places are not negative. */
  @Test
  void heatMap_afterAnActivation_isOfItsOutput() {
    Network network =
        Network.input(HEIGHT, WIDTH, 3)
            .then(
                "features",
                Sequential.of(Conv2d.of(FEATURES, 3), BatchNorm.create(), Activation.RELU))
            .then(GlobalAveragePool.create(), Dense.of(3));
    try (Model model = Model.of(network, 5);
        GradCam gradCam = GradCam.of(model)) {
      // Weights as they are at first leave a batch norm with x / sqrt(1 + epsilon).
      double[][][] features = features(model.weights());
      for (double[][] row : features) {
        for (double[] place : row) {
          for (int k = 0; k < FEATURES; k++) {
            place[k] = Math.max(0, place[k] / Math.sqrt(1 + 1e-5));
          }
        }
      }
      float[] dense = model.weights().get("2.weight");
      double[] weights = new double[FEATURES];
      for (int label = 0; label < 3; label++) {
        for (int k = 0; k < FEATURES; k++) {
          weights[k] = dense[k * 3 + label] / (double) (HEIGHT * WIDTH);
        }
        assertMap(gradCam.heatMap(pixels, label), features, weights, 1e-7);
      }
    }
  }

  /** CAM (Zhou et al., arXiv 1512.04150): the weights are those of the dense layer. */
  @Test
  void heatMap_beforePoolingAndDense_isCam() {
    try (Model model = Model.of(network(GlobalAveragePool.create(), Dense.of(3)), 5);
        GradCam gradCam = GradCam.of(model)) {
      float[] dense = model.weights().get("head.1.weight");
      double largest = 0;
      for (int label = 0; label < 3; label++) {
        double[] weights = new double[FEATURES];
        for (int k = 0; k < FEATURES; k++) {
          weights[k] = dense[k * 3 + label] / (double) (HEIGHT * WIDTH);
        }
        HeatMap map = gradCam.heatMap(pixels, label);
        assertMap(map, features(model.weights()), weights, 1e-7);
        largest = Math.max(largest, map.max());
      }
      assertThat(largest).isGreaterThan(1e-3);
    }
  }

  /** A bias of the last convolution changes a feature everywhere: dy/dbias = sum of dy/dA. */
  @Test
  void heatMap_beforeAnyHead_agreesWithFiniteDifferences() {
    Network network =
        network(GlobalAveragePool.create(), Dense.of(6), Activation.SIGMOID, Dense.of(3));
    try (Model model = Model.of(network, 5);
        GradCam gradCam = GradCam.of(model)) {
      double step = 1 / 64.0;
      double[][] weights = new double[3][FEATURES];
      for (int k = 0; k < FEATURES; k++) {
        float[] more = logits(model, k, step);
        float[] less = logits(model, k, -step);
        for (int label = 0; label < 3; label++) {
          weights[label][k] = (more[label] - less[label]) / (2 * step) / (HEIGHT * WIDTH);
        }
      }
      double largest = 0;
      for (int label = 0; label < 3; label++) {
        HeatMap map = gradCam.heatMap(pixels, label);
        assertMap(map, features(model.weights()), weights[label], 2e-6);
        largest = Math.max(largest, map.max());
      }
      assertThat(largest).isGreaterThan(1e-4);
    }
  }

  /** Returns the logits with a changed bias of the convolution. */
  private float[] logits(Model model, int feature, double change) {
    Weights before = model.weights();
    float[] bias = before.get("features.0.bias").clone();
    bias[feature] += (float) change;
    model.assign(Weights.of(Map.of("features.0.bias", bias)));
    ImageSet set = ImageSet.of(HEIGHT, WIDTH, 3, pixels, new int[1], List.of("a", "b", "c"));
    float[] logits = model.logits(set)[0];
    model.assign(before);
    return logits;
  }

  /** Pooled to one pixel, an image has no places any more. */
  @Test
  void featureMap_isTheLastOfMoreThanOnePixel() {
    List<GradCam.Step> steps =
        GradCam.steps(
            network(
                Conv2d.of(5, 3).stride(2),
                GlobalAveragePool.create().keepDims(true),
                Conv2d.of(6, 1),
                Flatten.create(),
                Dense.of(3)));
    assertThat(steps.get(GradCam.featureMap(steps)).path()).isEqualTo("head.1");
  }

  @Test
  void featureMap_ofEveryNetworkOfTheZoo_isWhatIsPooled() {
    Map<String, Shape> expected =
        Map.of(
            Zoo.DEFAULT,
            Shape.of(4, 4, 512),
            "resnet18",
            Shape.of(7, 7, 512),
            "resnet34",
            Shape.of(7, 7, 512),
            "resnet50",
            Shape.of(7, 7, 2048),
            "mobilenet_v3_small",
            Shape.of(7, 7, 576),
            "mobilenet_v3_large",
            Shape.of(7, 7, 960),
            "efficientnet_b0",
            Shape.of(7, 7, 1280),
            "timm/mobilenetv3_small_100",
            Shape.of(7, 7, 576),
            "timm/mobilenetv3_large_100",
            Shape.of(7, 7, 960),
            "timm/efficientnet_b0",
            Shape.of(7, 7, 1280));
    expected.forEach(
        (name, shape) -> {
          List<GradCam.Step> steps = GradCam.steps(Zoo.get(name).network());
          GradCam.Step pooling = steps.get(GradCam.featureMap(steps));
          assertThat(pooling.input()).as(name).isEqualTo(shape);
          assertThat(pooling.layer()).as(name).isInstanceOf(GlobalAveragePool.class);
        });
  }

  @Test
  void heatMap_ofAZooNetwork_showsSomething() {
    byte[] image = new byte[64 * 96 * 3];
    new Random(1).nextBytes(image);
    try (Model model = Zoo.get("mobilenet_v3_small").imageSize(64, 96).classes(3).seed(3).build();
        GradCam gradCam = GradCam.of(model)) {
      double largest = 0;
      for (int label = 0; label < 3; label++) {
        HeatMap map = gradCam.heatMap(image, label);
        assertThat(map.height()).isEqualTo(2);
        assertThat(map.width()).isEqualTo(3);
        assertThat(map.max()).isFinite();
        largest = Math.max(largest, map.max());
      }
      assertThat(largest).isPositive();
    }
  }

  @Test
  void layerWithoutGradient_isNamed() {
    try (Model model =
        Model.of(network(GlobalAveragePool.create(), WithoutGradient.ONES, Dense.of(3)))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> GradCam.of(model))
          .withMessageContaining(" (Lambda ones) uses OnesLike, which TensorFlow cannot");
    }
  }

  @Test
  void messages() {
    try (Model flat = Model.of(Network.input(2, 2, 1).then(Flatten.create(), Dense.of(2)))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> GradCam.of(flat))
          .withMessage(
              "network must have layers before it pools or flattens its feature map, got none");
    }
    try (Model model = Model.of(network(GlobalAveragePool.create(), Dense.of(3)));
        GradCam gradCam = GradCam.of(model)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> gradCam.heatMap(pixels, 3))
          .withMessage("classId must be in 0..2, got 3");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> gradCam.heatMap(new byte[3], 0))
          .withMessage("pixels must be 105 bytes (5 x 7 x 3), got 3");
    }
  }
}
