package dev.lamina.train;

import static com.google.common.io.RecursiveDeleteOption.ALLOW_INSECURE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.common.base.Suppliers;
import com.google.common.io.MoreFiles;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Precision;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Residual;
import dev.lamina.layer.Sequential;
import dev.lamina.layer.StochasticDepth;
import dev.lamina.layer.WithoutGradient;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.loss.Loss;
import dev.lamina.model.Model;
import dev.lamina.model.Weights;
import dev.lamina.network.Network;
import dev.lamina.optimizer.ParameterGroup;
import dev.lamina.schedule.OneCycle;
import dev.lamina.schedule.Schedule;
import dev.lamina.schedule.WarmUp;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Recipes that train the classifier first, and that depend on the images and the network. */
class StagesTest {
  private static final Network NETWORK =
      Network.input(5, 7, 3)
          .then("body", Conv2d.of(3, 3))
          .then("norm", BatchNorm.create())
          .then("relu", Activation.RELU)
          .then("pool", GlobalAveragePool.create())
          .then("top", Dense.of(2));

  /** Four images of one class and three of the other. */
  private static final ImageSet IMAGES = images(7);

  private static final Recipe RECIPE =
      Recipe.create()
          .schedule(OneCycle.of(0.2))
          .precision(Optional.of(Precision.FLOAT32))
          .epochs(3)
          .batchSize(2)
          .seed(4);

  /** What the recipe trains without any of the options. */
  private static final Supplier<Weights> PLAIN = Suppliers.memoize(() -> trained(RECIPE));

  @TempDir private Path folder;

  private static ImageSet images(int count) {
    byte[] pixels = new byte[count * 5 * 7 * 3];
    new Random(3).nextBytes(pixels);
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      labels[i] = i % 3 == 0 ? 1 : 0;
    }
    return ImageSet.of(5, 7, 3, pixels, labels, List.of("a", "b"));
  }

  private static Weights trained(Recipe... recipes) {
    try (Model model = Model.of(NETWORK, 1)) {
      for (Recipe recipe : recipes) {
        assertThat(Trainer.builder(recipe).build().fit(model, IMAGES).epochs())
            .hasSize(recipe.epochs());
      }
      return model.weights();
    }
  }

  private static void assertSame(Weights actual, Weights expected) {
    assertThat(actual.names()).isEqualTo(expected.names());
    for (String name : expected.names()) {
      assertThat(actual.get(name)).as(name).isEqualTo(expected.get(name));
    }
  }

  /** Returns the weights after the epochs of the classifier alone. */
  private static Weights trainedClassifier(
      Layer beforeConvolution, double stochasticDepth, Layer beforeClassifier) {
    Network network =
        Network.input(5, 7, 3)
            .then("body", Conv2d.of(3, 3))
            .then("before", beforeConvolution)
            .then("second", Conv2d.of(8, 3))
            .then("block", Residual.of(Conv2d.of(8, 3), StochasticDepth.of(stochasticDepth)))
            .then("pool", GlobalAveragePool.create())
            .then("last", beforeClassifier)
            .then("top", Dense.of(2));
    // In the first epoch, which has four.
    StepCounter counter = new StepCounter(3);
    try (Model model = Model.of(network, 1)) {
      Trainer.builder(RECIPE.freezeEpochs(1)).callbacks(counter).build().fit(model, IMAGES);
      assertThat(counter.steps).isEqualTo(3);
      return model.weights();
    }
  }

  /** A dropout of nearly all values, which would leave the classifier as it was. */
  @Test
  void frozenBody_isThatOfInference_withLayersWithoutWeights() {
    Weights expected = trainedClassifier(Activation.RELU, 0, Activation.RELU);
    Layer dropping = Sequential.of(Activation.RELU, Dropout.of(0.9));
    assertSame(trainedClassifier(dropping, 0.9, Activation.RELU), expected);
    assertThat(trainedClassifier(Activation.RELU, 0, dropping).get("top.weight"))
        .isNotEqualTo(expected.get("top.weight"));
  }

  /** Counts steps, also in the epochs with a frozen body, and stops after some of them. */
  private static final class StepCounter implements Callback {
    private final int last;
    private int steps;

    StepCounter(int last) {
      this.last = last;
    }

    @Override
    public boolean duringFreezeEpochs() {
      return true;
    }

    @Override
    public void onStep(StepEvent event, RunHandle run) {
      if (++steps == last) {
        run.stop();
      }
    }
  }

  @Test
  void freezeEpochs_isARunWithAFrozenBody_andThenOneOfAll() {
    Weights expected = trained(RECIPE.freeze(List.of("body", "norm")).epochs(2), RECIPE);
    assertSame(trained(RECIPE.freezeEpochs(2)), expected);
    assertThat(expected.get("top.weight")).isNotEqualTo(PLAIN.get().get("top.weight"));
  }

  /**
   * Eight steps are taken with a frozen body, and twelve with all; none of them twice. Each run
   * replaces the whole one before it.
   */
  @Test
  void stoppedRun_continuesInBothStages() throws IOException {
    Recipe recipe = RECIPE.freezeEpochs(2);
    Weights expected = trained(recipe);
    Path run = folder.resolve("run");
    for (int steps : new int[] {3, 4, 8, 13}) {
      try (Model model = Model.of(NETWORK, 1)) {
        History stopped =
            Trainer.builder(recipe)
                .callbacks(Checkpoints.in(run), new StepCounter(steps))
                .build()
                .fit(model, IMAGES);
        assertThat(stopped.epochs()).hasSize(steps <= 8 ? 0 : 1);
      }
      resumes(recipe, run, 20 - steps, expected);
    }
    // As after a kill between the two stages.
    MoreFiles.deleteRecursively(run.resolve("checkpoints"), ALLOW_INSECURE);
    resumes(recipe, run, 12, expected);
  }

  @Test
  void bodyWithoutGradients_isRefusedBeforeTheClassifierIsTrained() {
    Network network =
        Network.input(5, 7, 3)
            .then("body", Conv2d.of(3, 3))
            .then("ones", WithoutGradient.ONES)
            .then("pool", GlobalAveragePool.create())
            .then("top", Dense.of(2));
    StepCounter counter = new StepCounter(-1);
    Trainer trainer = Trainer.builder(RECIPE.freezeEpochs(1)).callbacks(counter).build();
    try (Model model = Model.of(network, 1)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> trainer.fit(model, IMAGES))
          .withMessageStartingWith("layer \"ones\" (Lambda ones) uses OnesLike, which");
    }
    assertThat(counter.steps).isZero();
  }

  @Test
  void freezeEpochs_ofAResumedRun_areThoseOfItsBeginning() {
    Path run = folder.resolve("run");
    try (Model model = Model.of(NETWORK, 1)) {
      Trainer.builder(RECIPE.freezeEpochs(2))
          .callbacks(Checkpoints.in(run), new StepCounter(3))
          .build()
          .fit(model, IMAGES);
      for (int other : new int[] {0, 3}) {
        Trainer trainer =
            Trainer.builder(RECIPE.freezeEpochs(other)).callbacks(Checkpoints.in(run)).build();
        assertThatIllegalArgumentException()
            .isThrownBy(() -> trainer.resume(run, model, IMAGES))
            .withMessage(
                "freezeEpochs must be 2 as in the checkpoint, got %s; resume as the run began, or"
                    + " start another",
                other);
      }
    }
  }

  @Test
  void everySchedule_trains() {
    Network network = Network.input(5, 7, 3).then(GlobalAveragePool.create(), Dense.of(2));
    for (Schedule schedule : RecipeOptionsTest.SCHEDULES) {
      // That with a warm-up, which needs a certain length, also for the classifier alone.
      int freezeEpochs = schedule instanceof WarmUp ? 1 : 0;
      Recipe recipe = RECIPE.schedule(schedule).epochs(1).freezeEpochs(freezeEpochs);
      try (Model model = Model.of(network, 1)) {
        Trainer trainer = Trainer.builder(recipe).build();
        assertThat(trainer.fit(model, IMAGES).last().learningRate())
            .isEqualTo(schedule.learningRate(3, 4));
      }
    }
  }

  /** In a model that knows nothing. */
  private static void resumes(Recipe recipe, Path run, int steps, Weights expected) {
    StepCounter counter = new StepCounter(-1);
    try (Model model = Model.of(NETWORK, 2)) {
      History resumed =
          Trainer.builder(recipe)
              .callbacks(Checkpoints.in(run), counter)
              .build()
              .resume(run, model, IMAGES);
      assertThat(resumed.epochs()).hasSize(3);
      assertThat(counter.steps).isEqualTo(steps);
      assertSame(model.weights(), expected);
    }
  }

  @Test
  void bodyRate_isAGroupOfTheLayersBeforeTheClassifier() {
    Weights expected =
        trained(RECIPE.groups(List.of(ParameterGroup.matching("body", "norm").rate(0.25))));
    assertSame(trained(RECIPE.bodyRate(0.25)), expected);
    assertThat(expected.get("body.weight")).isNotEqualTo(PLAIN.get().get("body.weight"));
  }

  @Test
  void bodyRate_withoutParametersBeforeTheClassifier_changesNothing() {
    Network network = Network.input(5, 7, 3).then(GlobalAveragePool.create(), Dense.of(2));
    try (Model model = Model.of(network, 1);
        Model plain = Model.of(network, 1)) {
      Trainer.builder(RECIPE.bodyRate(0.25)).build().fit(model, IMAGES);
      Trainer.builder(RECIPE).build().fit(plain, IMAGES);
      assertSame(model.weights(), plain.weights());
    }
  }

  /** Its parameters are named as if they were the network's own. */
  @Test
  void layerWithoutAName_belongsToTheBody() {
    Network network =
        Network.input(5, 7, 3)
            .then("", Conv2d.of(3, 3))
            .then("pool", GlobalAveragePool.create())
            .then("top", Dense.of(2));
    try (Model model = Model.of(network, 1)) {
      Weights before = model.weights();
      Trainer.builder(RECIPE.freezeEpochs(1).bodyRate(0)).build().fit(model, IMAGES);
      assertThat(model.weights().get("weight")).isEqualTo(before.get("weight"));
      assertThat(model.weights().get("bias")).isEqualTo(before.get("bias"));
      assertThat(model.weights().get("top.weight")).isNotEqualTo(before.get("top.weight"));
    }
  }

  @Test
  void balanceClasses_weightsTheLoss() {
    // Four of the first class and three of the second: 7 / (2 * 4) and 7 / (2 * 3).
    Weights expected = trained(RECIPE.loss(CrossEntropy.create().classWeights(7.0 / 8, 7.0 / 6)));
    assertSame(trained(RECIPE.balanceClasses(true)), expected);
    assertThat(expected.get("top.bias")).isNotEqualTo(PLAIN.get().get("top.bias"));
  }

  @Test
  void whatDoesNotFit_isRefused() {
    refuses(
        RECIPE.balanceClasses(true).loss(new Twice()),
        NETWORK,
        "balanceClasses must be false for a loss other than CrossEntropy, got Twice[]");
    refuses(
        RECIPE.balanceClasses(true).loss(CrossEntropy.create().classWeights(1, 2)),
        NETWORK,
        "balanceClasses must be false for a loss that has class weights, got [1.0, 2.0]; leave one of them"
            + " out");
    Network noDense = Network.input(5, 7, 3).then(Conv2d.of(2, 1), GlobalAveragePool.create());
    refuses(
        RECIPE.freezeEpochs(1),
        noDense,
        "freezeEpochs must be 0, and bodyRate 1, for a network that does not end in a Dense");
    refuses(
        RECIPE.schedule(WarmUp.of(12, OneCycle.of(0.2))),
        NETWORK,
        "epochs must be enough for the schedule, got 3: a warm-up of 12 steps needs a longer run, got 12"
            + " steps; shorten the warm-up or train longer");
    refuses(
        RECIPE.schedule(WarmUp.of(11, OneCycle.of(0.2))).freezeEpochs(2),
        NETWORK,
        "freezeEpochs must be enough for the schedule, got 2: a warm-up of 11 steps needs a longer run,"
            + " got 8 steps; shorten the warm-up or train longer");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RECIPE.freezeEpochs(-1))
        .withMessage("freezeEpochs must not be negative, got -1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RECIPE.bodyRate(-0.5))
        .withMessage("bodyRate must be finite and not negative, got -0.5");
  }

  private static void refuses(Recipe recipe, Network network, String message) {
    try (Model model = Model.of(network, 1)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Trainer.builder(recipe).build().check(model, IMAGES))
          .withMessage(message);
    }
  }

  private record Twice() implements Loss {
    @Override
    public Operand<TFloat32> apply(Ops tf, Operand<TFloat32> outputs, Operand<TFloat32> targets) {
      return tf.math.mul(CrossEntropy.create().apply(tf, outputs, targets), tf.constant(2f));
    }
  }
}
