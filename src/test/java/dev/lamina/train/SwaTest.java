package dev.lamina.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Shuffled;
import dev.lamina.graph.Precision;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.model.Model;
import dev.lamina.model.Weights;
import dev.lamina.network.Network;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.pipeline.BatchOrder;
import dev.lamina.schedule.Constant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Stochastic weight averaging beside a slow computation in Java. */
class SwaTest {
  private static final int BATCH = 9;
  private static final int CHANNELS = 2;
  private static final int SIDE = 32;

  /** 22 images: the last batch of an epoch has 4. */
  private static final ImageSet IMAGES =
      ImageData.embedded().train().subset(IntStream.range(0, 22).toArray());

  private static final ImageSet VALIDATION =
      ImageData.embedded().test().subset(IntStream.range(0, 7).toArray());

  /** A 1x1 convolution of stride 4, whose outputs are easy to compute. */
  private static final Network NETWORK =
      Network.input(SIDE, SIDE, 3)
          .then(Conv2d.of(CHANNELS, 1).stride(4), BatchNorm.create().momentum(0.3), Activation.RELU)
          .then(GlobalAveragePool.create(), Dense.of(10));

  private static Trainer.Builder recipe(int epochs) {
    return Trainer.builder()
        .optimizer(MomentumOptimizer.of(0.9))
        .schedule(Constant.of(0.05))
        .epochs(epochs)
        .batchSize(BATCH)
        .precision(Precision.FLOAT32)
        .seed(3);
  }

  private static Callback recorder(List<Weights> weights) {
    return LambdaCallback.create()
        .onStep(
            (event, run) -> {
              if (event.step() % 3 == 2) {
                weights.add(run.weights());
              }
            });
  }

  @Test
  void average_isTheMeanOfTheWeightsAfterEpochs_withStatisticsOfItsOwn() {
    List<Weights> weights = new ArrayList<>();
    try (Model model = Model.of(NETWORK, 1)) {
      History history =
          recipe(4)
              .callbacks(recorder(weights), Swa.from(2))
              .build()
              .fit(model, IMAGES, VALIDATION);
      for (String name : List.of("0.weight", "1.weight", "1.bias", "4.weight")) {
        float[] actual = model.weights().get(name);
        for (int i = 0; i < actual.length; i++) {
          double mean = 0;
          for (Weights epoch : weights.subList(1, 4)) {
            mean += epoch.get(name)[i] / 3.0;
          }
          assertThat(actual[i]).as(name).isCloseTo((float) mean, within(2e-7f));
        }
        assertThat(actual).isNotEqualTo(weights.get(3).get(name));
      }
      for (int channel = 0; channel < CHANNELS; channel++) {
        assertStatistics(model.weights(), 4, channel, "1", UnaryOperator.identity());
      }
      assertThat(model.evaluate(VALIDATION).loss())
          .isEqualTo(history.last().validation().orElseThrow().loss());
    }
  }

  /** The model has other weights for an epoch, which no other thread may see. */
  @Test
  void predictionsMeanwhile_areThoseOfTheModel() {
    try (Model model = Model.of(NETWORK, 1)) {
      Callback asking =
          LambdaCallback.create()
              .onEpoch(
                  (epoch, run) -> {
                    float[][] expected = model.logits(VALIDATION);
                    AtomicBoolean ended = new AtomicBoolean();
                    CompletableFuture<Boolean> same =
                        CompletableFuture.supplyAsync(
                            () -> {
                              boolean all = true;
                              while (!ended.get()) {
                                all &= Arrays.deepEquals(model.logits(VALIDATION), expected);
                              }
                              return all;
                            });
                    for (int i = 0; i < 20; i++) {
                      run.withStatistics(run.weights());
                    }
                    ended.set(true);
                    assertThat(same.join()).isTrue();
                  });
      recipe(1).callbacks(asking).build().fit(model, IMAGES);
    }
  }

  /**
   * Mean and unbiased variance of the inputs of a batch norm, of each batch, then their means.
   *
   * @param layers what stands between the convolution and the batch norm, for a batch
   */
  private static void assertStatistics(
      Weights weights, int epoch, int channel, String norm, UnaryOperator<double[]> layers) {
    BatchOrder order = new BatchOrder(IMAGES, Shuffled.create(), BATCH, false, 3);
    double means = 0;
    double variances = 0;
    for (int step = 3 * (epoch - 1); step < 3 * epoch; step++) {
      double[] inputs = layers.apply(outputs(weights, order.batch(step), channel));
      double mean = DoubleStream.of(inputs).average().orElseThrow();
      double squares = DoubleStream.of(inputs).map(x -> Math.pow(x - mean, 2)).sum();
      means += mean / 3;
      variances += squares / (inputs.length - 1) / 3;
    }
    float[] actualMeans = weights.get(norm + ".running_mean");
    float[] actualVariances = weights.get(norm + ".running_var");
    assertThat(actualMeans[channel]).isCloseTo((float) means, within(1e-5f));
    assertThat(actualVariances[channel]).isCloseTo((float) variances, within(1e-5f));
  }

  private static double[] outputs(Weights weights, int[] batch, int channel) {
    double[] outputs = new double[batch.length * 64];
    int at = 0;
    for (int image : batch) {
      byte[] pixels = new byte[SIDE * SIDE * 3];
      IMAGES.pixels(image, image + 1).get(pixels);
      for (int y = 0; y < SIDE; y += 4) {
        for (int x = 0; x < SIDE; x += 4) {
          double sum = weights.get("0.bias")[channel];
          for (int c = 0; c < 3; c++) {
            int pixel = pixels[(y * SIDE + x) * 3 + c] & 0xff;
            sum += weights.get("0.weight")[c * CHANNELS + channel] * pixel / 255.0;
          }
          outputs[at++] = sum;
        }
      }
    }
    return outputs;
  }

  /**
   * The frozen batch norm normalises by the statistics that it has; behind it, one without a scale
   * of its own, and another, have statistics of the average.
   */
  @Test
  void statistics_behindAFrozenBatchNorm() {
    Network network =
        Network.input(SIDE, SIDE, 3)
            .then(Conv2d.of(CHANNELS, 1).stride(4), BatchNorm.create())
            .then(BatchNorm.create().scale(false), BatchNorm.create().momentum(0.3))
            .then(GlobalAveragePool.create(), Dense.of(10));
    try (Model model = Model.of(network, 1)) {
      float[] mean = {0.3f, -0.2f};
      float[] variance = {2, 0.5f};
      model.assign(Weights.of(Map.of("1.running_mean", mean, "1.running_var", variance)));
      recipe(2).freeze("1").callbacks(Swa.from(1)).build().fit(model, IMAGES);
      Weights average = model.weights();
      assertThat(average.get("1.running_mean")).isEqualTo(mean);
      assertThat(average.get("1.running_var")).isEqualTo(variance);
      assertThat(average.get("2.weight")).containsExactly(1, 1);
      for (int channel = 0; channel < CHANNELS; channel++) {
        int c = channel;
        DoubleUnaryOperator frozen = x -> (x - mean[c]) / Math.sqrt(variance[c] + 1e-5);
        assertStatistics(average, 2, c, "2", x -> DoubleStream.of(x).map(frozen).toArray());
        assertStatistics(
            average,
            2,
            c,
            "3",
            x -> normalized(DoubleStream.of(x).map(frozen).toArray(), average.get("2.bias")[c]));
      }
    }
  }

  private static double[] normalized(double[] batch, double bias) {
    double mean = DoubleStream.of(batch).average().orElseThrow();
    double variance =
        DoubleStream.of(batch).map(x -> Math.pow(x - mean, 2)).average().orElseThrow();
    return DoubleStream.of(batch)
        .map(x -> (x - mean) / Math.sqrt(variance + 1e-5) + bias)
        .toArray();
  }

  @Test
  void rates_areConstantAfterAnnealing_orCyclic() {
    List<Double> rates = new ArrayList<>();
    Callback recorder =
        LambdaCallback.create().onStep((event, run) -> rates.add(event.learningRate()));
    try (Model model = Model.of(NETWORK, 1)) {
      recipe(4).callbacks(Swa.from(2).constant(0.01, 2), recorder).build().fit(model, IMAGES);
      // From 0.05 to 0.01 by half a cosine over six steps.
      double[] expected = new double[12];
      for (int step = 0; step < 12; step++) {
        double annealed = Math.max(0, Math.min(1, (step - 3) / 6.0));
        expected[step] = 0.01 + 0.04 * (1 + Math.cos(Math.PI * annealed)) / 2;
      }
      assertRates(rates, expected);
      rates.clear();
      List<Weights> weights = new ArrayList<>();
      recipe(5)
          .callbacks(Swa.from(2).cyclic(0.07, 0.01, 2), recorder, recorder(weights))
          .build()
          .fit(model, IMAGES);
      double[] cycle = {0.06, 0.05, 0.04, 0.03, 0.02, 0.01};
      double[] cyclic = {0.05, 0.05, 0.05, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
      System.arraycopy(cycle, 0, cyclic, 3, 6);
      System.arraycopy(cycle, 0, cyclic, 9, 6);
      assertRates(rates, cyclic);
      // After epochs 3 and 5.
      float mean = (weights.get(2).get("4.bias")[0] + weights.get(4).get("4.bias")[0]) / 2;
      assertThat(model.weights().get("4.bias")[0]).isCloseTo(mean, within(1e-7f));
    }
  }

  private static void assertRates(List<Double> actual, double... expected) {
    assertThat(actual).hasSize(expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual.get(i)).as("step %s", i).isCloseTo(expected[i], within(1e-12));
    }
  }

  @Test
  void wrongOptions_areRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Swa.from(0))
        .withMessage("start must be positive, got 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Swa.from(1).cyclic(0.1, -1, 2))
        .withMessage("low must be positive and finite, got OptionalDouble[-1.0]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Swa(1, 1, OptionalDouble.empty(), OptionalDouble.empty(), 2))
        .withMessage("anneal must be 0 without high and low, got 2");
    try (Model model = Model.of(NETWORK, 1)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> recipe(2).callbacks(Swa.from(3)).build().check(model, IMAGES))
          .withMessage(
              "start + every - 1 must be at most the 2 epochs of the run, got start 3 and every 1");
    }
  }
}
