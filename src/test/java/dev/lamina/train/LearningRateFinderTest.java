package dev.lamina.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Preprocessing;
import dev.lamina.data.Shuffled;
import dev.lamina.io.LaminaException;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.model.Model;
import dev.lamina.model.Weights;
import dev.lamina.network.Network;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.pipeline.BatchOrder;
import dev.lamina.schedule.Constant;
import dev.lamina.schedule.WarmUp;
import dev.lamina.train.LearningRateFinder.Curve;
import dev.lamina.train.LearningRateFinder.Point;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The range test beside one in Java, of a linear classifier of the mean colours of images. */
class LearningRateFinderTest {
  private static final int CLASSES = 10;
  private static final int BATCH = 7;
  private static final double MOMENTUM = 0.5;

  private static final ImageSet IMAGES =
      ImageData.embedded().train().subset(IntStream.range(0, 17).toArray());

  private static final Network LINEAR =
      Network.input(32, 32, 3).then(GlobalAveragePool.create(), Dense.of(CLASSES));

  private static final Recipe RECIPE =
      Recipe.create()
          .optimizer(MomentumOptimizer.of(MOMENTUM))
          .schedule(Constant.of(1))
          .batchSize(BATCH)
          .seed(5);

  /** Softmax regression with momentum, in double precision. */
  private static final class Linear {
    final double[][] weights = new double[4][CLASSES];
    final double[][] velocity = new double[4][CLASSES];

    /** The last row is the bias. */
    Linear(Weights initial) {
      for (int k = 0; k < CLASSES; k++) {
        for (int i = 0; i < 3; i++) {
          weights[i][k] = initial.get("1.weight")[i * CLASSES + k];
        }
        weights[3][k] = initial.get("1.bias")[k];
      }
    }

    /** Takes a step and returns the mean cross-entropy before it. */
    double step(int[] batch, double rate) {
      double loss = 0;
      double[][] gradient = new double[4][CLASSES];
      for (int image : batch) {
        double[] features = features(image);
        double[] logits = new double[CLASSES];
        double sum = 0;
        for (int k = 0; k < CLASSES; k++) {
          for (int i = 0; i < 4; i++) {
            logits[k] += weights[i][k] * features[i];
          }
          sum += Math.exp(logits[k]);
        }
        loss += (Math.log(sum) - logits[IMAGES.label(image)]) / batch.length;
        for (int k = 0; k < CLASSES; k++) {
          double error = Math.exp(logits[k]) / sum - (k == IMAGES.label(image) ? 1 : 0);
          for (int i = 0; i < 4; i++) {
            gradient[i][k] += error * features[i] / batch.length;
          }
        }
      }
      for (int i = 0; i < 4; i++) {
        for (int k = 0; k < CLASSES; k++) {
          velocity[i][k] = MOMENTUM * velocity[i][k] + gradient[i][k];
          weights[i][k] -= rate * velocity[i][k];
        }
      }
      return loss;
    }

    private static double[] features(int image) {
      byte[] pixels = new byte[32 * 32 * 3];
      IMAGES.pixels(image, image + 1).get(pixels);
      double[] features = {0, 0, 0, 1};
      for (int i = 0; i < pixels.length; i++) {
        features[i % 3] += (pixels[i] & 0xff) / 255.0 / (32 * 32);
      }
      return features;
    }
  }

  /** Steps at growing rates, with fastai's smoothing, until fastai's condition of divergence. */
  private static List<Point> expected(Weights initial, double min, double max, int steps) {
    Linear linear = new Linear(initial);
    BatchOrder order = new BatchOrder(IMAGES, Shuffled.create(), BATCH, false, 5);
    List<Point> points = new ArrayList<>();
    double average = 0;
    double best = Double.MAX_VALUE;
    for (int i = 0; i < steps; i++) {
      double rate = Math.exp(Math.log(min) + (Math.log(max) - Math.log(min)) * i / (steps - 1));
      double loss = linear.step(order.batch(i), rate);
      average = 0.98 * average + 0.02 * loss;
      double smoothed = average / (1 - Math.pow(0.98, i + 1));
      points.add(new Point(rate, loss, smoothed));
      best = Math.min(best, smoothed);
      if (smoothed > 4 * best) {
        break;
      }
    }
    return points;
  }

  private static void assertClose(double actual, double expected, double relative) {
    assertThat(actual).isCloseTo(expected, within(relative * Math.abs(expected)));
  }

  @Test
  void curve_isThatOfStepsByHand_untilItDiverges() {
    try (Model model = Model.of(LINEAR, 2)) {
      List<Point> expected = expected(model.weights(), 0.01, 1e3, 40);
      Curve curve = LearningRateFinder.of(0.01, 1e3).steps(40).find(model, IMAGES, RECIPE);
      // It diverges, and not at once.
      assertThat(expected).hasSizeBetween(15, 39);
      assertThat(curve.points()).hasSameSizeAs(expected);
      double rate = 0;
      double smallest = Double.MAX_VALUE;
      for (int i = 0; i < expected.size(); i++) {
        Point point = expected.get(i);
        assertClose(curve.points().get(i).learningRate(), point.learningRate(), 1e-12);
        assertClose(curve.points().get(i).loss(), point.loss(), 1e-4);
        assertClose(curve.points().get(i).smoothed(), point.smoothed(), 1e-4);
        if (i >= expected.size() / 10 && point.smoothed() < smallest) {
          smallest = point.smoothed();
          rate = point.learningRate();
        }
      }
      assertClose(curve.suggestion(), rate / 10, 1e-12);
      assertThat(rate).isBetween(0.02, 100.0);
    }
  }

  /** The momentum is that of a run of the recipe, which has 300 steps. */
  @Test
  void curve_ofARecipeWithALongWarmUp() {
    try (Model model = Model.of(LINEAR, 2)) {
      Recipe recipe = RECIPE.schedule(WarmUp.of(250, Constant.of(1)));
      LearningRateFinder finder = LearningRateFinder.of(0.01, 0.1).steps(3);
      assertThat(finder.find(model, IMAGES, recipe)).isEqualTo(finder.find(model, IMAGES, RECIPE));
    }
  }

  /** A loop of one's own, unlike the test, is a training on the images. */
  @Test
  void model_getsNamesAndPreprocessingOfALoop_notOfTheTest() {
    try (Model model = Model.of(LINEAR, 2)) {
      List<String> names = model.classNames();
      Preprocessing preprocessing = model.preprocessing();
      LearningRateFinder.of(0.01, 0.1).steps(2).find(model, IMAGES, RECIPE);
      assertThat(model.classNames()).isEqualTo(names).isNotEqualTo(IMAGES.classNames());
      assertThat(model.preprocessing()).isSameAs(preprocessing);
      Trainer.builder(RECIPE).build().step(model, IMAGES).close();
      assertThat(model.classNames()).isEqualTo(IMAGES.classNames());
      assertThat(model.preprocessing()).isSameAs(IMAGES.preprocessing());
    }
  }

  /** A lucky first batch is no reason for the smallest rate. */
  @Test
  void suggestion_leavesTheFirstTenthOut() {
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      points.add(new Point(i + 1, 0, i < 2 ? 1 : Math.abs(i - 11) + 5));
    }
    assertThat(new Curve(points))
        .returns(1.2, Curve::suggestion)
        .returns(true, Curve::hasSuggestion);
    // Step 9, whose rate is 9: a tenth of it is below the first, 1.
    assertThat(new Curve(points.subList(0, 9)).hasSuggestion()).isFalse();
  }

  private static Map<String, List<Integer>> bits(Weights weights) {
    Map<String, List<Integer>> bits = new TreeMap<>();
    weights
        .asMap()
        .forEach(
            (name, values) ->
                bits.put(
                    name,
                    IntStream.range(0, values.length)
                        .mapToObj(i -> Float.floatToRawIntBits(values[i]))
                        .toList()));
    return bits;
  }

  @Test
  void trainingAfterIt_isAsWithoutIt_bitForBit() {
    Network network =
        Network.input(32, 32, 3)
            .then(Conv2d.of(2, 3).stride(4), BatchNorm.create(), Activation.RELU)
            .then(GlobalAveragePool.create(), Dense.of(CLASSES));
    Recipe recipe = RECIPE.epochs(2).schedule(Constant.of(0.05));
    try (Model without = Model.of(network, 1);
        Model with = Model.of(network, 1)) {
      Trainer trainer = Trainer.builder(recipe).build();
      trainer.fit(without, IMAGES);
      Weights initial = with.weights();
      Curve curve = LearningRateFinder.of(1e-3, 1).steps(9).find(with, IMAGES, recipe);
      assertThat(curve.points()).hasSize(9);
      assertThat(bits(with.weights())).isEqualTo(bits(initial));
      trainer.fit(with, IMAGES);
      assertThat(bits(with.weights())).isEqualTo(bits(without.weights()));
    }
  }

  @Test
  void lossThatIsNotFinite_endsTheTest() {
    try (Model model = Model.of(LINEAR, 2)) {
      Recipe steep =
          RECIPE.loss(
              (tf, outputs, targets) ->
                  tf.math.mul(
                      CrossEntropy.create().apply(tf, outputs, targets), tf.constant(0x1p50f)));
      Curve curve = LearningRateFinder.of(1e25, 1e26).steps(3).find(model, IMAGES, steep);
      assertThat(curve.points()).hasSize(1);
      assertClose(curve.suggestion(), 1e24, 1e-12);
      model.assign(
          Weights.of(Map.of("1.bias", new float[] {1e38f, 0, 0, 0, 0, 0, 0, 0, 0, -3e38f})));
      assertThatExceptionOfType(LaminaException.class)
          .isThrownBy(() -> LearningRateFinder.of(1, 2).find(model, IMAGES, RECIPE))
          .withMessage(
              "the loss must be finite in the first step, is not at learning rate 1.0; start from a"
                  + " lower one");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LearningRateFinder.of(0.1, 0.1))
        .withMessage("max must be finite and above min 0.1, got 0.1");
  }
}
