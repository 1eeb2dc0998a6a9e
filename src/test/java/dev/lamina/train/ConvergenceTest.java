package dev.lamina.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lamina.Golden;
import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Precision;
import dev.lamina.graph.Variable;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.MaxPool;
import dev.lamina.layer.Normalize;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.schedule.Constant;
import dev.lamina.schedule.OneCycle;
import dev.lamina.schedule.Schedule;
import dev.lamina.step.DivergenceException;
import dev.lamina.step.TrainStep;
import dev.lamina.zoo.GoldenModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Training on real images, with fixed seeds. */
class ConvergenceTest {
  private static final ImageData DATA = ImageData.embedded();

  private static Network small() {
    return Network.input(32, 32, 3)
        .then(Normalize.of(new double[] {0.22, 0.22, 0.22}, new double[] {0.33, 0.33, 0.33}))
        .then(Conv2d.of(8, 3).stride(2), BatchNorm.create(), Activation.RELU)
        .then(Conv2d.of(16, 3), BatchNorm.create(), Activation.RELU, MaxPool.of(2))
        .then(Conv2d.of(32, 3), BatchNorm.create(), Activation.RELU)
        .then(GlobalAveragePool.create(), Dense.of(10));
  }

  private static ImageSet first(ImageSet set, int count) {
    // Every class is equally frequent in any such stride through a balanced set.
    int stride = set.size() / count;
    return set.subset(IntStream.range(0, count).map(i -> i * stride).toArray());
  }

  private static Trainer.Builder recipe() {
    return Trainer.builder()
        .precision(Precision.FLOAT32)
        .optimizer(MomentumOptimizer.of(0.9).weightDecay(5e-4))
        .schedule(OneCycle.of(0.1))
        .seed(1);
  }

  @Test
  void oneBatch_isLearntByHeart() {
    ImageSet batch = first(DATA.train(), 64);
    try (Model model = Model.of(small(), 1)) {
      History history =
          recipe().schedule(OneCycle.of(0.2)).epochs(150).batchSize(64).build().fit(model, batch);
      assertThat(history.last().accuracy()).isEqualTo(1);
      assertThat(history.last().loss()).isLessThan(0.1);
    }
  }

  @Test
  void smallNetwork_reachesAStatedAccuracy() {
    try (Model model = Model.of(small(), 1)) {
      History history =
          recipe()
              .augment(RandomFlip.horizontal())
              .epochs(5)
              .batchSize(64)
              .build()
              .fit(model, DATA.train(), DATA.test());
      assertThat(history.last().validation().orElseThrow().accuracy()).isGreaterThan(0.80);
      assertThat(model.classNames()).isEqualTo(DATA.train().classNames());
    }
  }

  @Test
  void options_changeTheResult() {
    float[] plain = train(recipe());
    assertThat(train(recipe())).as("the same recipe").isEqualTo(plain);
    assertThat(train(recipe().schedule(OneCycle.of(0.1).cycleMomentum(false))))
        .as("momentum not cycled")
        .isNotEqualTo(plain);
    assertThat(train(recipe().augment(RandomCrop.reflect(4)))).as("augmented").isNotEqualTo(plain);
    assertThat(train(recipe().seed(2))).as("another seed").isNotEqualTo(plain);
    assertThat(train(recipe().loss(CrossEntropy.create().labelSmoothing(0.1))))
        .as("smoothed")
        .isNotEqualTo(plain);
    assertThat(train(recipe().dropLast(true))).as("short batch dropped").isNotEqualTo(plain);
    assertThat(train(recipe().validationSplit(0.2))).as("fewer images").isNotEqualTo(plain);
  }

  /** The first kernel after two epochs on 100 images in batches of 48, 48 and 4. */
  private static float[] train(Trainer.Builder recipe) {
    try (Model model = Model.of(small(), 1)) {
      recipe.epochs(2).batchSize(48).build().fit(model, first(DATA.train(), 100));
      return Golden.at(GoldenModel.values(model), "1.weight");
    }
  }

  @Test
  void steps_countTheShortBatchUnlessDropped() {
    ImageSet images = first(DATA.train(), 100);
    assertThat(batchSizes(recipe(), images)).containsExactly(48, 48, 4);
    assertThat(batchSizes(recipe().dropLast(true), images)).containsExactly(48, 48);
  }

  private static List<Integer> batchSizes(Trainer.Builder recipe, ImageSet images) {
    List<Integer> sizes = new ArrayList<>();
    Callback recorder =
        new Callback() {
          @Override
          public void onStep(StepEvent event, RunHandle run) {
            sizes.add(event.images());
          }
        };
    try (Model model = Model.of(small(), 1)) {
      recipe.epochs(1).batchSize(48).callbacks(recorder).build().fit(model, images);
    }
    return sizes;
  }

  @Test
  void stop_endsTheRunAfterTheStep() {
    List<Long> steps = new ArrayList<>();
    List<History> ends = new ArrayList<>();
    Callback stopper =
        new Callback() {
          @Override
          public void onStep(StepEvent event, RunHandle run) {
            steps.add(event.step());
            if (event.step() == 3) {
              run.stop();
            }
          }

          @Override
          public void onEnd(History history) {
            ends.add(history);
          }
        };
    try (Model model = Model.of(small(), 1)) {
      History history =
          recipe()
              .epochs(5)
              .batchSize(48)
              .callbacks(stopper)
              .build()
              .fit(model, first(DATA.train(), 100));
      assertThat(steps).containsExactly(0L, 1L, 2L, 3L);
      assertThat(history.epochs()).hasSize(1);
      assertThat(ends).containsExactly(history);
    }
  }

  private static final String DIVERGED =
      "training diverged at step %s (learning rate %s): the loss, a gradient or a weight is not finite."
          + " The model was reset to %s. Try a lower learning rate, a warm-up or clipNorm";

  /** Trains on 4 steps an epoch with a schedule that diverges, and returns what was thrown. */
  private static DivergenceException diverge(Model model, Schedule schedule, int epochs) {
    Trainer trainer = recipe().schedule(schedule).epochs(epochs).batchSize(32).build();
    return catchThrowableOfType(
        DivergenceException.class, () -> trainer.fit(model, first(DATA.train(), 100)));
  }

  @Test
  void divergence_inTheFirstEpoch_givesBackTheWeightsOfBefore() {
    try (Model model = Model.of(small(), 1)) {
      Map<String, float[]> before = GoldenModel.values(model);
      DivergenceException e = diverge(model, Constant.of(1e30), 2);
      assertThat(e)
          .hasMessage(DIVERGED.formatted(e.step(), "1.0E30", "its weights before training"));
      assertThat(e.step()).isBetween(1L, 3L);
      assertEqualBits(GoldenModel.values(model), before);
    }
  }

  @Test
  void divergence_later_givesBackTheWeightsOfTheLastWholeEpoch() {
    // The rate explodes in the second epoch; until then the run is that of one epoch.
    Schedule exploding = (step, steps) -> step < 5 ? 0.1 : 1e30;
    try (Model model = Model.of(small(), 1);
        Model once = Model.of(small(), 1)) {
      DivergenceException e = diverge(model, exploding, 2);
      assertThat(e)
          .hasMessage(
              DIVERGED.formatted(e.step(), "1.0E30", "the weights of the last whole epoch"));
      recipe()
          .schedule(Constant.of(0.1))
          .epochs(1)
          .batchSize(32)
          .build()
          .fit(once, first(DATA.train(), 100));
      assertEqualBits(GoldenModel.values(model), GoldenModel.values(once));
    }
  }

  @Test
  void divergence_inTheVeryLastStep_isSeenToo() {
    // The update itself overflows, after loss and gradients were finite.
    Schedule exploding = (step, steps) -> step < steps - 1 ? 0.1 : 1e38;
    try (Model model = Model.of(small(), 1)) {
      Map<String, float[]> before = GoldenModel.values(model);
      MomentumOptimizer huge = MomentumOptimizer.of(0.9).weightDecay(1e6);
      DivergenceException e =
          catchThrowableOfType(
              DivergenceException.class,
              () ->
                  recipe()
                      .optimizer(huge)
                      .schedule(exploding)
                      .epochs(1)
                      .batchSize(100)
                      .build()
                      .fit(model, first(DATA.train(), 100)));
      assertThat(e).hasMessage(DIVERGED.formatted(0, "1.0E38", "its weights before training"));
      assertEqualBits(GoldenModel.values(model), before);
    }
  }

  @Test
  void divergence_leavesTheWeightsOfBeforeTheStep() {
    ImageSet images = first(DATA.train(), 100);
    try (Model model = Model.of(small(), 1);
        TrainStep step = recipe().build().step(model, images)) {
      int[] batch = IntStream.range(0, 32).toArray();
      step.run(batch, 0, 0.1, 0.9);
      Variable bias = model.session().variable("12.bias");
      float[] poison = new float[10];
      poison[3] = Float.NaN;
      model.session().assign(Map.of(bias, poison));
      Map<String, float[]> before = GoldenModel.values(model);
      assertThatExceptionOfType(DivergenceException.class)
          .isThrownBy(() -> step.run(batch, 1, 0.1, 0.9))
          .satisfies(e -> assertThat(e.step()).isEqualTo(1));
      assertEqualBits(GoldenModel.values(model), before);
    }
  }

  @Test
  void secondFit_startsTheOptimizerAnew() {
    ImageSet images = first(DATA.train(), 100);
    Trainer trainer = recipe().epochs(1).batchSize(48).build();
    try (Model twice = Model.of(small(), 1);
        Model fresh = Model.of(small(), 1)) {
      trainer.fit(twice, images);
      Map<Variable, float[]> weights = twice.session().read(twice.variables());
      trainer.fit(twice, images);
      weights.forEach(
          (variable, values) ->
              fresh.session().assign(Map.of(fresh.session().variable(variable.name()), values)));
      trainer.fit(fresh, images);
      assertEqualBits(GoldenModel.values(twice), GoldenModel.values(fresh));
    }
  }

  private static void assertEqualBits(Map<String, float[]> actual, Map<String, float[]> expected) {
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    actual.forEach(
        (name, values) -> assertThat(values).as(name).isEqualTo(Golden.at(expected, name)));
  }

  @Test
  void options_outOfRange() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Trainer.builder().batchSize(0).build())
        .withMessage("batchSize must be positive, got 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Trainer.builder().epochs(0).build())
        .withMessage("epochs must be positive, got 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Trainer.builder().validationSplit(1).build())
        .withMessage("validationSplit must be in [0, 1), got 1.0");
    try (Model model = Model.of(small(), 1)) {
      assertThatIllegalArgumentException()
          .isThrownBy(
              () -> Trainer.builder().dropLast(true).build().fit(model, first(DATA.train(), 50)))
          .withMessage(
              "batchSize must be at most the 50 images if the last short batch is dropped, got 64");
      assertThatIllegalArgumentException()
          .isThrownBy(
              () ->
                  Trainer.builder()
                      .validationSplit(0.1)
                      .build()
                      .fit(model, DATA.train(), DATA.test()))
          .withMessage("validationSplit must be 0 if validation images are given, got 0.1");
    }
  }
}
