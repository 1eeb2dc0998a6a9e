package dev.lamina.train;

import static dev.lamina.train.StopAfter.stopAfter;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Shuffled;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.metric.Metric;
import dev.lamina.metric.TopK;
import dev.lamina.model.Model;
import dev.lamina.model.Weights;
import dev.lamina.network.Network;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.optimizer.Sgd;
import dev.lamina.pipeline.BatchOrder;
import dev.lamina.schedule.Constant;
import dev.lamina.step.Metrics;
import dev.lamina.step.TrainStep;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Callbacks that steer a run, and what happens if one throws. */
class SteeringTest {
  private static final ImageSet IMAGES =
      ImageData.embedded().train().subset(IntStream.range(0, 40).toArray());
  private static final ImageSet VALIDATION =
      ImageData.embedded().test().subset(IntStream.range(0, 30).toArray());
  private static final Network NETWORK =
      Network.input(32, 32, 3)
          .then(Conv2d.of(4, 3).stride(4), BatchNorm.create(), Activation.RELU)
          .then(GlobalAveragePool.create(), Dense.of(10));

  @TempDir private Path folder;

  private static Trainer.Builder recipe(int epochs) {
    return Trainer.builder()
        .optimizer(MomentumOptimizer.of(0.9))
        .schedule(Constant.of(0.05))
        .epochs(epochs)
        .batchSize(16)
        .seed(3);
  }

  private static Model model() {
    return Model.of(NETWORK, 1);
  }

  /** A learning rate of zero after the first epoch: nothing improves any more. */
  private static Trainer.Builder plateau(int epochs) {
    return recipe(epochs).schedule((step, steps) -> step < 3 ? 0.05 : 0);
  }

  private static void assertSame(Weights actual, Weights expected) {
    assertThat(actual.names()).isEqualTo(expected.names());
    for (String name : expected.names()) {
      assertThat(actual.get(name)).as(name).isEqualTo(expected.get(name));
    }
  }

  static Stream<Callback> callbacks() {
    return Stream.of(
        EarlyStopping.patience(3).minDelta(0.02),
        EarlyStopping.patience(2).monitor("accuracy"),
        ReduceOnPlateau.of(0.25, 2).minDelta(0.05),
        Ema.of(0.8),
        Swa.from(2).cyclic(0.05, 0.01, 2));
  }

  /** Stopped twice in the fourth epoch, which is in the middle of every patience. */
  @ParameterizedTest
  @MethodSource("callbacks")
  void resumedRun_endsWhereTheWholeRunDoes(Callback callback) {
    History whole;
    Weights expected;
    try (Model model = model()) {
      whole = recipe(8).callbacks(callback).build().fit(model, IMAGES, VALIDATION);
      expected = model.weights();
    }
    for (int steps : new int[] {10, 11}) {
      try (Model model = Model.of(NETWORK, steps == 10 ? 1 : 8)) {
        recipe(8)
            .callbacks(Checkpoints.in(folder), callback, stopAfter(steps))
            .build()
            .resume(folder, model, IMAGES, VALIDATION);
      }
    }
    try (Model model = Model.of(NETWORK, 9)) {
      History resumed =
          recipe(8)
              .callbacks(Checkpoints.in(folder), callback)
              .build()
              .resume(folder, model, IMAGES, VALIDATION);
      assertThat(CheckpointsTest.withoutTime(resumed))
          .isEqualTo(CheckpointsTest.withoutTime(whole));
      assertSame(model.weights(), expected);
    }
  }

  /** Each would count the epochs of the other, too. */
  @Test
  void callbacksThatWouldShareAState_areRefused() {
    Trainer.Builder stopping =
        Trainer.builder(Recipes.get("finetune-small")).callbacks(EarlyStopping.patience(3));
    assertThatIllegalArgumentException()
        .isThrownBy(stopping::build)
        .withMessage(
            "callbacks that watch the validation must have different names, got EarlyStopping(loss) twice, which would share"
                + " one state; leave one out, the recipe's by recipe.callbacks(List.of())");
    Trainer.Builder averages =
        Trainer.builder(recipe(3).build().recipe().callbacks(List.of(Ema.of(0.9))));
    for (Callback second : List.of(Swa.from(2), Ema.of(0.99))) {
      assertThatIllegalArgumentException()
          .isThrownBy(averages.callbacks(second)::build)
          .withMessage(
              "callbacks must have at most one average of the weights, got Ema and %s; leave one out, the"
                  + " recipe's by recipe.callbacks(List.of())",
              second.name());
    }
    recipe(1)
        .callbacks(
            EarlyStopping.patience(3),
            EarlyStopping.patience(3).monitor("accuracy"),
            ReduceOnPlateau.of(0.5, 3),
            BestModel.in(folder).lowest("loss"),
            BestModel.in(folder),
            LambdaCallback.create(),
            LambdaCallback.create(),
            Checkpoints.in(folder),
            Checkpoints.in(folder.resolve("other")))
        .build();
  }

  @Test
  void callbacksOfTheRecipe_takePart_andAreToldFirst() {
    List<String> told = new ArrayList<>();
    Recipe recipe =
        recipe(1).build().recipe().callbacks(List.of(named("recipe", told), Ema.of(0.8)));
    try (Model model = model();
        Model averaged = model()) {
      Trainer.builder(recipe).callbacks(named("code", told)).build().fit(model, IMAGES);
      recipe(1).callbacks(Ema.of(0.8)).build().fit(averaged, IMAGES);
      assertSame(model.weights(), averaged.weights());
    }
    assertThat(told).containsExactly("recipe", "code");
  }

  private static Callback named(String name, List<String> told) {
    return new Callback() {
      @Override
      public void onEpoch(Epoch epoch, RunHandle run) {
        told.add(name);
      }
    };
  }

  @Test
  void earlyStopping_stopsAfterItsPatience_withTheBestWeights() {
    List<Weights> weights = new ArrayList<>();
    Callback recorder =
        new Callback() {
          @Override
          public void onEpoch(Epoch epoch, RunHandle run) {
            weights.add(run.weights());
          }
        };
    try (Model model = model()) {
      History history =
          plateau(9)
              .callbacks(EarlyStopping.patience(3).minDelta(1), recorder)
              .build()
              .fit(model, IMAGES, VALIDATION);
      // The first epoch is an improvement on nothing; 1 is more than any later one can gain.
      assertThat(history.epochs()).hasSize(4);
      assertSame(model.weights(), weights.get(0));
      assertThat(weights.get(3).get("0.weight")).isEqualTo(weights.get(1).get("0.weight"));
      assertThat(weights.get(3).get("1.running_mean"))
          .isNotEqualTo(weights.get(0).get("1.running_mean"));
    }
  }

  @Test
  void earlyStopping_ofARunToItsEnd_givesTheBestWeightsToo() {
    try (Model model = model()) {
      History history =
          recipe(3)
              .callbacks(EarlyStopping.patience(9).minDelta(1))
              .build()
              .fit(model, IMAGES, VALIDATION);
      assertThat(history.epochs()).hasSize(3);
      assertThat(model.evaluate(VALIDATION).loss())
          .isEqualTo(history.epochs().get(0).validation().orElseThrow().loss());
    }
  }

  /** The second run of 6 epochs has nothing to do; that of 9 waits for two more epochs. */
  @Test
  void earlyStopping_saysSo_andGoesOnIfResumedWithMoreEpochs() {
    int[] epochs = {6, 6, 9};
    int[] trained = {3, 3, 5};
    for (int i = 0; i < epochs.length; i++) {
      PrintStream before = System.err;
      ByteArrayOutputStream log = new ByteArrayOutputStream();
      System.setErr(new PrintStream(log, true, UTF_8));
      try (Model model = model()) {
        History history =
            plateau(epochs[i])
                .callbacks(EarlyStopping.patience(2).minDelta(1), Checkpoints.in(folder))
                .allowChanges("epochs")
                .build()
                .resume(folder, model, IMAGES, VALIDATION);
        assertThat(history.epochs()).hasSize(trained[i]);
      } finally {
        System.setErr(before);
      }
      assertThat(log.toString(UTF_8))
          .containsOnlyOnce(
              "stopped early after epoch %s of %s: loss has not improved for 2 epochs; resume with more epochs to go on\n"
                  .formatted(trained[i], epochs[i]));
    }
  }

  /** Killed after the last checkpoint, or simply resumed again: nothing is left to train. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void earlyStopping_ofAFinishedRun_givesTheBestWeightsAgain(boolean first) {
    Callback stopping = EarlyStopping.patience(2).minDelta(1);
    Callback[] callbacks =
        first
            ? new Callback[] {stopping, Ema.of(0.5), Checkpoints.in(folder)}
            : new Callback[] {Checkpoints.in(folder), Ema.of(0.5), stopping};
    for (int epochs : new int[] {2, 9}) {
      Path run = folder.resolve(Integer.toString(epochs));
      callbacks[first ? 2 : 0] = Checkpoints.in(run);
      Trainer trainer = recipe(epochs).callbacks(callbacks).build();
      try (Model model = model();
          Model again = Model.of(NETWORK, 9)) {
        History history = trainer.fit(model, IMAGES, VALIDATION);
        trainer.resume(run, again, IMAGES, VALIDATION);
        assertSame(again.weights(), model.weights());
        assertThat(again.evaluate(VALIDATION).loss())
            .isEqualTo(history.epochs().get(0).validation().orElseThrow().loss());
      }
    }
  }

  /** Its average must not start from what an earlier part of the run knew. */
  @Test
  void ema_addedAgainLater_startsFromTheWeights() {
    Callback[] parts = {Ema.of(0.9), stopAfter(100), Ema.of(0.9)};
    for (int i = 0; i < parts.length; i++) {
      try (Model model = model()) {
        List<Weights> averages = new ArrayList<>();
        Callback recorder =
            new Callback() {
              @Override
              public void onStart(RunPlan plan, RunHandle run) {
                averages.add(run.evaluationWeights());
                averages.add(run.weights());
              }
            };
        recipe(9)
            .callbacks(Checkpoints.in(folder), parts[i], recorder, stopAfter(2L + 3L * i))
            .build()
            .resume(folder, model, IMAGES);
        if (i == 2) {
          assertSame(averages.get(0), averages.get(1));
        }
      }
    }
  }

  /** Also before the first epoch has ended, with the average that is evaluated then. */
  @Test
  void checkpoint_isAModelToLoad_withTheWeightsThatAreEvaluated() {
    for (Callback average : List.of(Ema.of(0.5), stopAfter(99))) {
      Weights[] evaluated = new Weights[1];
      Callback recorder =
          new Callback() {
            @Override
            public void onStop(RunHandle run) {
              evaluated[0] = run.evaluationWeights();
            }
          };
      Path run = folder.resolve(average.name());
      try (Model model = model()) {
        recipe(2)
            .callbacks(average, recorder, Checkpoints.in(run), stopAfter(2))
            .build()
            .fit(model, IMAGES);
        assertThat(Checkpoints.files(run).keySet()).containsExactly(2L);
        try (Model loaded = Model.load(CheckpointFolder.of(run).file(2))) {
          assertSame(loaded.weights(), evaluated[0]);
          assertThat(loaded.network()).hasToString(model.network().toString());
          assertThat(loaded.classNames()).isEqualTo(IMAGES.classNames());
          assertThat(loaded.metadata()).containsExactly(Map.entry("step", "2"));
        }
      }
    }
  }

  /** The scores are given, so that the best epochs are known: 2 and 3, then 4. */
  @Test
  void bestModel_keepsTheWeightsOfTheBestEpoch_alsoAfterAResume() {
    Path highest = folder.resolve("highest.safetensors");
    Path lowest = folder.resolve("lowest.safetensors");
    Map<String, Weights> weights = new LinkedHashMap<>();
    Callback best =
        new Callback() {
          private final double[] scores = {2, 3, 1, 3, 4};

          @Override
          public void onEpoch(Epoch epoch, RunHandle run) {
            double score = scores[epoch.number() - 1];
            weights.put(Integer.toString(epoch.number()), run.weights());
            Metrics scored = new Metrics(1, 0, Map.of("score", score));
            Epoch known = new Epoch(epoch.number(), 0, scored, Optional.of(scored), 0, 0, 0);
            BestModel.in(highest).highest("score").onEpoch(known, run);
            BestModel.in(lowest).lowest("score").onEpoch(known, run);
          }
        };
    for (int epochs : new int[] {4, 5}) {
      try (Model model = model()) {
        recipe(epochs)
            .callbacks(best, Checkpoints.in(folder))
            .allowChanges("epochs")
            .build()
            .resume(folder, model, IMAGES, VALIDATION);
      }
      try (Model high = Model.load(highest);
          Model low = Model.load(lowest)) {
        String expected = epochs == 4 ? "2" : "5";
        assertThat(high.metadata()).containsExactly(Map.entry("epoch", expected));
        assertSame(high.weights(), Objects.requireNonNull(weights.get(expected)));
        assertSame(low.weights(), Objects.requireNonNull(weights.get("3")));
      }
    }
    assertThat(BestModel.in(highest)).isEqualTo(new BestModel(highest, "accuracy", false));
  }

  /** A step of size 1 of plain SGD subtracts them from the weights. */
  @Test
  void gradients_areThoseOfTheLastBatch_byTheWeightsOfTheMoment() {
    Weights[] weights = new Weights[2];
    Map<String, float[]> gradients = new LinkedHashMap<>();
    Callback recorder =
        LambdaCallback.create()
            .onEpoch(
                (epoch, run) -> {
                  weights[0] = run.weights();
                  gradients.putAll(run.gradients());
                  weights[1] = run.weights();
                });
    try (Model model = model()) {
      recipe(1).callbacks(recorder).build().fit(model, IMAGES);
      assertSame(weights[1], weights[0]);
      assertThat(gradients.keySet())
          .containsExactly("0.weight", "0.bias", "1.weight", "1.bias", "4.weight", "4.bias");
      try (TrainStep step = recipe(1).optimizer(Sgd.create()).build().step(model, IMAGES)) {
        step.run(new BatchOrder(IMAGES, Shuffled.create(), 16, false, 3).batch(2), 2, 1, 0);
      }
      gradients.forEach(
          (name, gradient) -> {
            for (int i = 0; i < gradient.length; i++) {
              float expected = weights[0].get(name)[i] - model.weights().get(name)[i];
              assertThat(gradient[i]).as(name).isCloseTo(expected, Offset.offset(1e-6f));
            }
          });
    }
  }

  /** The epoch is told again, with the state of before. */
  @Test
  void callbackThatThrowsAtAnEpoch_isToldOfItAgain() {
    History whole;
    Weights expected;
    Trainer.Builder steady =
        recipe(6).callbacks(EarlyStopping.patience(3).minDelta(1), ReduceOnPlateau.of(0.5, 2));
    try (Model model = model()) {
      whole = steady.build().fit(model, IMAGES, VALIDATION);
      expected = model.weights();
    }
    List<Integer> epochs = new ArrayList<>();
    Callback failing =
        new Callback() {
          @Override
          public void onEpoch(Epoch epoch, RunHandle run) {
            epochs.add(epoch.number());
            if (epochs.equals(List.of(1, 2))) {
              throw new IllegalStateException("once");
            }
          }
        };
    Trainer trainer =
        recipe(6)
            .callbacks(
                EarlyStopping.patience(3).minDelta(1),
                ReduceOnPlateau.of(0.5, 2),
                failing,
                Checkpoints.in(folder))
            .build();
    try (Model model = model()) {
      assertThatExceptionOfType(CallbackException.class)
          .isThrownBy(() -> trainer.fit(model, IMAGES, VALIDATION));
    }
    try (Model model = model()) {
      History resumed = trainer.resume(folder, model, IMAGES, VALIDATION);
      assertThat(epochs).containsExactly(1, 2, 2, 3, 4);
      assertThat(CheckpointsTest.withoutTime(resumed))
          .isEqualTo(CheckpointsTest.withoutTime(whole));
      assertSame(model.weights(), expected);
    }
  }

  @Test
  void state_namesHaveNoSlash() {
    CallbackState state = new CallbackState();
    for (String wrong : new String[] {"", "a/b"}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> state.put(wrong, 1))
          .withMessage("name of state must not be empty or contain a slash, got \"%s\"", wrong);
    }
  }

  @Test
  void reduceOnPlateau_multipliesTheRateAfterEachPatience() {
    try (Model model = model()) {
      History history =
          recipe(7)
              .callbacks(ReduceOnPlateau.of(0.5, 2).minDelta(100))
              .build()
              .fit(model, IMAGES, VALIDATION);
      assertThat(history.epochs().stream().map(Epoch::learningRate))
          .containsExactly(0.05, 0.05, 0.05, 0.025, 0.025, 0.0125, 0.0125);
    }
  }

  /** The factor is that of the next step. */
  @Test
  void epoch_hasTheRateThatItsLastStepWasTakenWith() {
    Callback halving =
        LambdaCallback.create()
            .onStep(
                (event, run) -> {
                  if (event.step() == 2) {
                    run.scaleLearningRate(0.5);
                  }
                });
    try (Model model = model()) {
      History history = recipe(2).callbacks(halving).build().fit(model, IMAGES);
      assertThat(history.epochs().stream().map(Epoch::learningRate)).containsExactly(0.05, 0.025);
    }
  }

  @Test
  void scaleLearningRate_scalesWhatTheStepIsTakenWith() {
    List<Double> rates = new ArrayList<>();
    Callback halve =
        new Callback() {
          @Override
          public void onStep(StepEvent event, RunHandle run) {
            rates.add(run.learningRate());
            run.scaleLearningRate(0.5);
          }
        };
    float[] scaled = weights(recipe(1).callbacks(halve));
    assertThat(rates).containsExactly((double) 0.05f, (double) 0.025f, (double) 0.0125f);
    assertThat(scaled)
        .isEqualTo(
            weights(recipe(1).schedule((step, steps) -> 0.05 * Math.pow(0.5, (double) step))))
        .isNotEqualTo(weights(recipe(1)));
    Callback wrong =
        new Callback() {
          @Override
          public void onStart(RunPlan plan, RunHandle run) {
            assertThatIllegalArgumentException()
                .isThrownBy(() -> run.scaleLearningRate(0))
                .withMessage("factor must be positive and finite, got 0.0");
          }
        };
    weights(recipe(1).callbacks(wrong));
  }

  private static float[] weights(Trainer.Builder trainer) {
    try (Model model = model()) {
      trainer.build().fit(model, IMAGES);
      return model.weights().get("0.weight");
    }
  }

  @Test
  void ema_isTheAverageOfTheWeightsAfterEachStep() {
    double decay = 0.7;
    Map<String, double[]> average = new LinkedHashMap<>();
    Callback reference =
        new Callback() {
          @Override
          public void onStart(RunPlan plan, RunHandle run) {
            run.weights().asMap().forEach((name, values) -> average.put(name, doubles(values)));
          }

          @Override
          public void onStep(StepEvent event, RunHandle run) {
            Weights now = run.weights();
            average.forEach(
                (name, values) -> {
                  for (int i = 0; i < values.length; i++) {
                    values[i] = decay * values[i] + (1 - decay) * now.get(name)[i];
                  }
                });
          }
        };
    try (Model model = model()) {
      History history =
          recipe(3).callbacks(Ema.of(decay), reference).build().fit(model, IMAGES, VALIDATION);
      Weights averaged = model.weights();
      average.forEach(
          (name, values) ->
              assertThat(doubles(averaged.get(name)))
                  .as(name)
                  .containsExactly(values, Offset.offset(1e-6)));
      // What was evaluated in the run is what the model has now, bit for bit.
      assertThat(model.evaluate(VALIDATION).loss())
          .isEqualTo(history.last().validation().orElseThrow().loss());
      // Training does not see the average.
      assertThat(weights(recipe(3))).isNotEqualTo(averaged.get("0.weight"));
    }
  }

  /** A bias starts at 0, so that its average shows all digits of 1 - decay. */
  @Test
  void ema_ofALongMemory_hasTheRateOfItsDecay() {
    double decay = 0.99999;
    double[] average = new double[4];
    Callback reference =
        LambdaCallback.create()
            .onStep(
                (event, run) -> {
                  float[] now = run.weights().get("1.bias");
                  for (int i = 0; i < average.length; i++) {
                    average[i] += 1e-5 * (now[i] - average[i]);
                  }
                });
    try (Model model = model()) {
      recipe(1).callbacks(Ema.of(decay), reference).build().fit(model, IMAGES);
      float[] averaged = model.weights().get("1.bias");
      for (int i = 0; i < average.length; i++) {
        assertThat(averaged[i] / average[i]).isCloseTo(1, Offset.offset(1e-5));
      }
    }
  }

  private static double[] doubles(float[] values) {
    return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
  }

  @Test
  void evaluation_inTheRunAndAfterIt_isTheSame() {
    try (Model model = model()) {
      History history = recipe(2).build().fit(model, IMAGES, VALIDATION);
      assertThat(model.evaluate(VALIDATION).loss())
          .isEqualTo(history.last().validation().orElseThrow().loss());
    }
  }

  @Test
  void swap_givesTheOldWeightsBack() {
    Callback swapping =
        new Callback() {
          @Override
          public void onStart(RunPlan plan, RunHandle run) {
            Weights before = run.weights();
            Map<String, float[]> zero = new LinkedHashMap<>();
            before.asMap().forEach((name, values) -> zero.put(name, new float[values.length]));
            assertSame(run.swap(Weights.of(zero)), before);
            assertSame(run.swap(before), Weights.of(zero));
          }
        };
    assertThat(weights(recipe(1).callbacks(swapping))).isEqualTo(weights(recipe(1)));
  }

  @Test
  void callbackThatThrows_isNamed_andTheRunIsCheckpointed() {
    List<String> told = new ArrayList<>();
    Callback failing =
        new Callback() {
          @Override
          public String name() {
            return "Broken";
          }

          @Override
          public void onStep(StepEvent event, RunHandle run) {
            if (event.step() == 4) {
              throw new IllegalStateException("no more\npaper");
            }
          }

          @Override
          public void onEnd(History history) {
            told.add("broken");
            throw new IllegalStateException("still none");
          }
        };
    Callback other =
        new Callback() {
          @Override
          public void onStep(StepEvent event, RunHandle run) {
            told.add("step " + event.step());
          }

          @Override
          public void onEnd(History history) {
            told.add("end");
          }
        };
    try (Model model = model()) {
      assertThatExceptionOfType(CallbackException.class)
          .isThrownBy(
              () ->
                  recipe(3)
                      .callbacks(Checkpoints.in(folder), failing, other)
                      .build()
                      .fit(model, IMAGES))
          .withMessage(
              "callback Broken failed after step 5: no more?paper; the run was checkpointed: correct"
                  + " that and resume")
          .withCauseInstanceOf(IllegalStateException.class)
          .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
    }
    assertThat(told)
        .containsExactly("step 0", "step 1", "step 2", "step 3", "step 4", "broken", "end");
    assertThat(Checkpoints.newest(folder).orElseThrow().step()).isEqualTo(5);
    float[] whole = weights(recipe(3));
    try (Model model = Model.of(NETWORK, 9)) {
      recipe(3).callbacks(Checkpoints.in(folder)).build().resume(folder, model, IMAGES);
      assertThat(model.weights().get("0.weight")).isEqualTo(whole);
    }
  }

  @Test
  void callbackThatThrows_withoutCheckpoints() {
    Callback failing =
        new Callback() {
          @Override
          public String name() {
            return "Broken";
          }

          @Override
          public void onEpoch(Epoch epoch, RunHandle run) {
            throw new UnsupportedOperationException();
          }
        };
    try (Model model = model()) {
      assertThatExceptionOfType(CallbackException.class)
          .isThrownBy(() -> recipe(1).callbacks(failing).build().fit(model, IMAGES))
          .withMessage(
              "callback Broken failed after step 3: java.lang.UnsupportedOperationException; the run has"
                  + " no checkpoint: correct that and start again");
    }
  }

  /** Before the first step, with or without a run folder. */
  @ParameterizedTest
  @MethodSource("monitors")
  void callbacksOfTheValidation_withoutIt_areRefusedBeforeTheRun(
      Callback monitor, String description, @TempDir Path run) {
    List<Long> steps = new ArrayList<>();
    Trainer trainer =
        recipe(1)
            .callbacks(
                monitor, LambdaCallback.create().onStep((event, handle) -> steps.add(event.step())))
            .build();
    try (Model model = model()) {
      for (ThrowingCallable start :
          List.<ThrowingCallable>of(
              () -> trainer.fit(model, IMAGES), () -> trainer.resume(run, model, IMAGES))) {
        assertThatIllegalArgumentException()
            .isThrownBy(start)
            .withMessage(
                "callback %s must have validation images, there are none; give them to fit, set"
                    + " validationSplit, or leave the callback out",
                description);
      }
    }
    assertThat(steps).isEmpty();
  }

  static Stream<Arguments> monitors() {
    return Stream.of(
        Arguments.of(EarlyStopping.patience(1), "EarlyStopping(loss)"),
        Arguments.of(ReduceOnPlateau.of(0.5, 1), "ReduceOnPlateau(loss)"),
        Arguments.of(BestModel.in(Path.of("best")), "BestModel(highest accuracy)"));
  }

  @Test
  void metricThatTheRunDoesNotHave_isRefusedBeforeTheRun() {
    Trainer.Builder trainer =
        recipe(1).callbacks(ReduceOnPlateau.of(0.5, 1).monitor("top_2_accuracy"));
    try (Model model = model()) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> trainer.build().fit(model, IMAGES, VALIDATION))
          .withMessage(
              "callback ReduceOnPlateau(top_2_accuracy) must watch one of [loss, accuracy], got \"top_2_accuracy\"; in"
                  + " Java, add it with metrics(...)");
      trainer.metrics(TopK.of(2)).build().check(model, IMAGES);
    }
  }

  /** They are the worst weights. */
  @Test
  void bestModel_withTheHighestLossOrError_isRefusedBeforeTheRun() {
    Metric error =
        new Metric() {
          @Override
          public String name() {
            return "error";
          }

          @Override
          public boolean lowerIsBetter() {
            return true;
          }

          @Override
          public Operand<TFloat32> apply(
              Ops tf, Operand<TFloat32> outputs, Operand<TFloat32> targets) {
            return CrossEntropy.create().apply(tf, outputs, targets);
          }
        };
    Trainer.Builder trainer = recipe(1).metrics(error, TopK.of(2));
    try (Model model = model()) {
      for (String name : List.of("loss", "error")) {
        assertThatIllegalArgumentException()
            .isThrownBy(
                () ->
                    trainer
                        .callbacks(BestModel.in(folder).highest(name))
                        .build()
                        .check(model, IMAGES))
            .withMessage(
                "callback BestModel(highest %s) must keep the lowest %s, of which a lower value is better; use"
                    + " lowest(\"%s\")",
                name, name, name);
        trainer.callbacks(BestModel.in(folder).lowest(name)).build().check(model, IMAGES);
      }
      trainer
          .callbacks(BestModel.in(folder).highest("top_2_accuracy"))
          .build()
          .check(model, IMAGES);
    }
  }

  @Test
  void options_outOfRange() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> EarlyStopping.patience(0))
        .withMessage("patience must be positive, got 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> EarlyStopping.patience(1).minDelta(-1))
        .withMessage("minDelta must be finite and not negative, got -1.0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ReduceOnPlateau.of(1, 2))
        .withMessage("factor must be in (0, 1), got 1.0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Ema.of(1))
        .withMessage("decay must be in (0, 1), got 1.0");
  }

  @Test
  void callbacks_areNamedByTheirClass() {
    assertThat(Arrays.asList(EarlyStopping.patience(1).name(), Ema.of(0.5).name()))
        .containsExactly("EarlyStopping(loss)", "Ema");
  }
}
