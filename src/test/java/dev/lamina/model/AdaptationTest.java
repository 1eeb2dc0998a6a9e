package dev.lamina.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.data.ImageSet;
import dev.lamina.graph.Precision;
import dev.lamina.layer.Activation;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Normalize;
import dev.lamina.layer.Sequential;
import dev.lamina.layer.Whitening;
import dev.lamina.network.Network;
import dev.lamina.optimizer.Sgd;
import dev.lamina.train.Trainer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AdaptationTest {
  private static final int HEIGHT = 6;
  private static final int WIDTH = 5;
  private static final int COUNT = 40;
  private static final double EPSILON = 0.01;
  private static final double[] MEAN = {0.4, 0.6};
  private static final double[] STD = {0.2, 0.3};

  private static final Network NETWORK =
      Network.input(HEIGHT, WIDTH, 2)
          .then("normalize", Normalize.of(MEAN, STD))
          .then("whiten", Whitening.of(2).epsilon(EPSILON))
          .then("act", Activation.TANH)
          .then("pool", GlobalAveragePool.create())
          .then("fc", Dense.of(2));

  /** Neighbouring pixels and the two channels are correlated. */
  private static ImageSet images() {
    Random random = new Random(1);
    byte[] pixels = new byte[COUNT * HEIGHT * WIDTH * 2];
    double value = 128;
    for (int i = 0; i < pixels.length; i++) {
      value = Math.max(0, Math.min(255, 0.8 * value + 0.2 * 128 + 30 * random.nextGaussian()));
      pixels[i] = (byte) value;
    }
    int[] labels = random.ints(COUNT, 0, 2).toArray();
    return ImageSet.of(HEIGHT, WIDTH, 2, pixels, labels, List.of("a", "b"));
  }

  /** The responses of the filters to one patch, [row, column, channel, filter] in plain Java. */
  private static double[] responses(float[] weight, byte[] image, int top, int left) {
    double[] responses = new double[16];
    for (int i = 0; i < 8; i++) {
      int at = ((top + i / 4) * WIDTH + left + i / 2 % 2) * 2 + i % 2;
      double x = (Byte.toUnsignedInt(image[at]) / 255.0 - MEAN[i % 2]) / STD[i % 2];
      for (int k = 0; k < 16; k++) {
        responses[k] += x * weight[i * 16 + k];
      }
    }
    return responses;
  }

  /**
   * Over all patches, the responses of two filters are uncorrelated, and a response has the mean
   * square of eigenvalue / (eigenvalue + epsilon), where the filter's length is 1 / sqrt(eigenvalue
   * + epsilon).
   */
  @Test
  void adapt_whitensThePatches() {
    ImageSet set = images();
    try (Model model = Model.of(NETWORK, 1)) {
      model.adapt(set);
      float[] weight = model.weights().get("whiten.weight");
      double[][] products = new double[8][8];
      int patches = 0;
      for (int n = 0; n < COUNT; n++) {
        for (int top = 0; top < HEIGHT - 1; top++) {
          for (int left = 0; left < WIDTH - 1; left++) {
            double[] responses = responses(weight, set.image(n), top, left);
            for (int i = 0; i < 8; i++) {
              assertThat(responses[8 + i]).isEqualTo(-responses[i]);
              for (int j = 0; j < 8; j++) {
                products[i][j] += responses[i] * responses[j];
              }
            }
            patches++;
          }
        }
      }
      double last = Double.POSITIVE_INFINITY;
      for (int i = 0; i < 8; i++) {
        double square = 0;
        for (int p = 0; p < 8; p++) {
          square += weight[p * 16 + i] * (double) weight[p * 16 + i];
        }
        double eigenvalue = 1 / square - EPSILON;
        assertThat(eigenvalue).isPositive().isLessThan(last);
        last = eigenvalue;
        for (int j = 0; j < 8; j++) {
          assertThat(products[i][j] / patches)
              .isCloseTo(i == j ? eigenvalue / (eigenvalue + EPSILON) : 0, within(1e-5));
        }
      }
    }
  }

  /** At the root its parameter has no path: {@code weight}. */
  @Test
  void adapt_findsAnUnnamedLayer() {
    Network unnamed =
        Network.input(HEIGHT, WIDTH, 2)
            .then("normalize", Normalize.of(MEAN, STD))
            .then("", Whitening.of(2).epsilon(EPSILON))
            .then("act", Activation.TANH)
            .then("pool", GlobalAveragePool.create())
            .then("fc", Dense.of(2));
    ImageSet set = images();
    try (Model model = Model.of(NETWORK, 1);
        Model other = Model.of(unnamed, 1)) {
      model.adapt(set);
      other.adapt(set);
      assertThat(other.weights().get("weight")).isEqualTo(model.weights().get("whiten.weight"));
    }
  }

  /** Inside another layer, and behind two normalisations that are one together. */
  @Test
  void adapt_findsNestedLayers_andComposesNormalisations() {
    double[] half = {0.5, 0.5};
    double[] mean = {(MEAN[0] - half[0]) / 0.5, (MEAN[1] - half[1]) / 0.5};
    double[] std = {STD[0] / 0.5, STD[1] / 0.5};
    Network nested =
        Network.input(HEIGHT, WIDTH, 2)
            .then("first", Normalize.of(half, half))
            .then(
                "stem",
                Sequential.of(
                    Normalize.of(mean, std), Whitening.of(2).epsilon(EPSILON), Activation.TANH))
            .then("pool", GlobalAveragePool.create())
            .then("fc", Dense.of(2));
    ImageSet set = images();
    try (Model model = Model.of(NETWORK, 1);
        Model other = Model.of(nested, 1)) {
      model.adapt(set);
      other.adapt(set);
      assertThat(other.weights().get("stem.1.weight"))
          .containsExactly(model.weights().get("whiten.weight"), within(1e-4f));
    }
  }

  @Test
  void filters_areNotTrained_theirBiasIs() {
    ImageSet set = images();
    try (Model model = Model.of(NETWORK, 1)) {
      model.adapt(set);
      Weights before = model.weights();
      try (var step =
          Trainer.builder()
              .optimizer(Sgd.create().weightDecay(0.1))
              .precision(Precision.FLOAT32)
              .build()
              .step(model, set)) {
        step.run(new int[] {0, 1, 2}, 0, 0.5, 0);
      }
      assertThat(model.weights().get("whiten.weight")).isEqualTo(before.get("whiten.weight"));
      assertThat(model.weights().get("whiten.bias")).isNotEqualTo(before.get("whiten.bias"));
    }
  }

  @Test
  void adapt_withoutWhitening_changesNothing_andBehindOthersIsRefused() {
    ImageSet set = images();
    try (Model model =
        Model.of(
            Network.input(HEIGHT, WIDTH, 2).then(GlobalAveragePool.create(), Dense.of(2)), 1)) {
      float[] before = model.weights().get("1.weight");
      model.adapt(set);
      assertThat(model.weights().get("1.weight")).isEqualTo(before);
    }
    try (Model model =
        Model.of(
            Network.input(HEIGHT, WIDTH, 2)
                .then(Conv2d.of(2, 1), Whitening.of(2), GlobalAveragePool.create(), Dense.of(2)),
            1)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.adapt(set))
          .withMessage("layer \"1\" (Whitening) must be the first layer or follow a normalisation");
    }
  }
}
