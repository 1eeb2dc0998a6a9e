package dev.lamina.examples;

import static dev.lamina.train.StopAfter.stopAfter;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.augment.CutMix;
import dev.lamina.augment.MixUp;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Precision;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Lambda;
import dev.lamina.loss.FrameworkLoss;
import dev.lamina.model.Model;
import dev.lamina.model.Prediction;
import dev.lamina.network.Network;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.optimizer.Regularized;
import dev.lamina.schedule.Constant;
import dev.lamina.train.Callback;
import dev.lamina.train.Checkpoints;
import dev.lamina.train.EarlyStopping;
import dev.lamina.train.History;
import dev.lamina.train.ReduceOnPlateau;
import dev.lamina.train.Trainer;
import dev.lamina.zoo.Zoo;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.framework.activations.Softsign;
import org.tensorflow.framework.losses.Huber;
import org.tensorflow.framework.losses.Reduction;
import org.tensorflow.framework.regularizers.L1;

/**
 * One new thing of each kind, written from outside with public types only. Each trains, is stopped
 * in the middle with a checkpoint, and ends bit for bit where a run without a stop ends.
 */
class ExamplesTest {
  private static final ImageSet IMAGES =
      ImageData.embedded().train().subset(IntStream.range(0, 60).toArray());
  private static final ImageSet VALIDATION =
      ImageData.embedded().test().subset(IntStream.range(0, 20).toArray());

  @TempDir private Path folder;

  private record Example(String name, Supplier<Model> model, UnaryOperator<Trainer.Builder> with) {
    @Override
    public String toString() {
      return name;
    }
  }

  @BeforeAll
  static void register() {
    LayerScale.register();
    TinyVgg.register();
  }

  private static Model plain() {
    return Model.of(
        Network.input(32, 32, 3)
            .then(Conv2d.of(4, 3).stride(4), BatchNorm.create(), Activation.RELU)
            .then(GlobalAveragePool.create(), Dense.of(10)),
        1);
  }

  private static Model scaled() {
    return Model.of(
        Network.input(32, 32, 3)
            .then(Conv2d.of(4, 3).stride(4), BatchNorm.create(), Activation.RELU)
            .then(GlobalAveragePool.create(), new LayerScale(0.5), Dense.of(10)),
        1);
  }

  private static Model softsign() {
    return Model.of(
        Network.input(32, 32, 3)
            .then(Conv2d.of(4, 3).stride(4), Lambda.of("softsign", new Softsign()::call))
            .then(GlobalAveragePool.create(), Dense.of(10)),
        1);
  }

  private static Model vgg() {
    return Zoo.get("tiny-vgg").width(4).seed(1).build();
  }

  static IntStream examples() {
    return IntStream.range(0, all().length);
  }

  private static Example[] all() {
    Supplier<Model> plain = ExamplesTest::plain;
    return new Example[] {
      new Example("layer", ExamplesTest::scaled, trainer -> trainer),
      new Example("loss", plain, trainer -> trainer.loss(new FocalLoss(2))),
      new Example("augmentation", plain, trainer -> trainer.augment(new RandomInvert(0.5))),
      new Example("batch augmentation", plain, trainer -> trainer.augment(new HalfMix())),
      new Example("optimizer", plain, trainer -> trainer.optimizer(new Signum(0.9))),
      new Example("schedule", plain, trainer -> trainer.schedule(new CosineRestarts(0.1, 4))),
      new Example("metric", plain, trainer -> trainer.metrics(new BrierScore())),
      new Example("callback", plain, trainer -> trainer.callbacks(new LossGuard(2))),
      new Example("network", ExamplesTest::vgg, trainer -> trainer),
      new Example("mixed targets", plain, trainer -> trainer.augment(MixUp.of(0.5), CutMix.of(1))),
      new Example(
          "framework loss",
          plain,
          trainer -> trainer.loss(FrameworkLoss.ofProbabilities(new Huber(Reduction.NONE)))),
      new Example(
          "framework regularizer",
          plain,
          trainer -> trainer.optimizer(Regularized.of(MomentumOptimizer.of(0.9), new L1(1e-2f)))),
      new Example("framework activation", ExamplesTest::softsign, trainer -> trainer),
    };
  }

  private static Trainer.Builder recipe() {
    return Trainer.builder()
        .schedule(Constant.of(0.05))
        .epochs(4)
        .batchSize(16)
        .precision(Precision.FLOAT32)
        .seed(3);
  }

  /** Every weight as text, since arrays do not compare. */
  private static Map<String, String> weights(Model model) {
    Map<String, String> weights = new TreeMap<>();
    model.weights().asMap().forEach((name, values) -> weights.put(name, Arrays.toString(values)));
    return weights;
  }

  @ParameterizedTest
  @MethodSource("examples")
  void trains_andResumesBitForBit(int number) {
    Example example = all()[number];
    Trainer trainer = example.with().apply(recipe()).build();
    Map<String, String> whole;
    History history;
    try (Model model = example.model().get()) {
      Map<String, String> initial = weights(model);
      history = trainer.fit(model, IMAGES, VALIDATION);
      whole = weights(model);
      assertThat(whole.keySet()).isEqualTo(initial.keySet());
      assertThat(whole).isNotEqualTo(initial);
    }
    try (Model model = example.model().get()) {
      Trainer.Builder stopped = example.with().apply(recipe());
      Callback[] callbacks =
          example.name().equals("callback")
              ? new Callback[] {new LossGuard(2), stopAfter(6), Checkpoints.in(folder)}
              : new Callback[] {stopAfter(6), Checkpoints.in(folder)};
      stopped.callbacks(callbacks).build().fit(model, IMAGES, VALIDATION);
    }
    try (Model model = example.model().get()) {
      History resumed = trainer.resume(folder, model, IMAGES, VALIDATION);
      assertThat(weights(model)).isEqualTo(whole);
      assertThat(resumed.last().loss()).isEqualTo(history.last().loss());
      assertThat(resumed.last().validation()).isEqualTo(history.last().validation());
    }
  }

  /** An example that changes nothing would resume bit for bit as well. */
  @ParameterizedTest
  @MethodSource("examples")
  void changesTheCourseOfTraining(int number) {
    Example example = all()[number];
    Map<String, String> without;
    try (Model model = plain()) {
      recipe().build().fit(model, IMAGES, VALIDATION);
      without = weights(model);
    }
    try (Model model = example.model().get()) {
      History history = example.with().apply(recipe()).build().fit(model, IMAGES, VALIDATION);
      if (example.name().equals("metric")) {
        assertThat(weights(model)).isEqualTo(without);
        double score = history.last().validation().orElseThrow().get("brier_score");
        assertThat(score)
            .isBetween(0.1, 1.5)
            .isCloseTo(brier(model, VALIDATION), Offset.offset(1e-6));
      } else {
        assertThat(weights(model)).isNotEqualTo(without);
      }
    }
  }

  /** Callbacks ask the metric what an improvement is: it falls in every epoch here. */
  @Test
  void metricWhoseLowerValuesAreBetter_isWatchedSo() {
    try (Model model = plain()) {
      History history =
          recipe()
              .metrics(new BrierScore())
              .callbacks(
                  EarlyStopping.patience(1).monitor("brier_score"),
                  ReduceOnPlateau.of(0.5, 1).monitor("brier_score"))
              .build()
              .fit(model, IMAGES, IMAGES);
      assertThat(history.epochs())
          .hasSize(4)
          .allMatch(epoch -> epoch.learningRate() == 0.05)
          .isSortedAccordingTo(
              Comparator.comparing(epoch -> -epoch.validation().orElseThrow().get("brier_score")));
      assertThat(brier(model, IMAGES))
          .isCloseTo(
              history.last().validation().orElseThrow().get("brier_score"), Offset.offset(1e-6));
    }
  }

  private static double brier(Model model, ImageSet images) {
    double sum = 0;
    int image = 0;
    for (Prediction prediction : model.predict(images)) {
      for (int k = 0; k < 10; k++) {
        double target = k == images.label(image) ? 1 : 0;
        sum += Math.pow(prediction.probabilities().get(k) - target, 2);
      }
      image++;
    }
    return sum / image;
  }

  @Test
  void layerAndNetwork_reloadAndExport() {
    for (Supplier<Model> network :
        List.<Supplier<Model>>of(ExamplesTest::scaled, ExamplesTest::vgg)) {
      try (Model model = network.get()) {
        recipe().epochs(1).build().fit(model, IMAGES);
        Path file = folder.resolve(model.network().name() + ".safetensors");
        Path export = folder.resolve(model.network().name());
        model.saveWeights(file);
        model.export(export);
        model.exportOnnx(folder.resolve(model.network().name() + ".onnx"));
        for (Path saved : List.of(file, export)) {
          try (Model loaded = Model.load(saved)) {
            assertThat(loaded.network()).hasToString(model.network().toString());
            assertThat(loaded.evaluate(VALIDATION).loss())
                .isEqualTo(model.evaluate(VALIDATION).loss());
          }
        }
      }
    }
  }
}
