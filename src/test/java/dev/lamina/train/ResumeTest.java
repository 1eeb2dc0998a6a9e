package dev.lamina.train;

import static dev.lamina.train.StopAfter.stopAfter;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.augment.Chain;
import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.data.WeightedSampler;
import dev.lamina.format.Safetensors.Tensor;
import dev.lamina.graph.Precision;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Lambda;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.optimizer.Adam;
import dev.lamina.optimizer.Lars;
import dev.lamina.optimizer.Lookahead;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.optimizer.Muon;
import dev.lamina.optimizer.Optimizer;
import dev.lamina.optimizer.ParameterGroup;
import dev.lamina.optimizer.Regularized;
import dev.lamina.optimizer.Sgd;
import dev.lamina.schedule.Constant;
import dev.lamina.schedule.OneCycle;
import dev.lamina.schedule.Schedule;
import dev.lamina.schedule.WarmUp;
import dev.lamina.zoo.GoldenModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.framework.regularizers.L1;
import org.tensorflow.framework.regularizers.L2;
import org.tensorflow.framework.regularizers.Regularizer;

/** A run that is stopped and resumed in a new model against the same run in one go. */
class ResumeTest {
  private static final ImageSet ALL = ImageData.embedded().train();
  private static final ImageSet IMAGES = ALL.subset(IntStream.range(0, 50).toArray());
  private static final ImageSet VALIDATION = ALL.subset(IntStream.range(50, 80).toArray());

  /** Two batches of 20 and one of 10. */
  private static final int STEPS_PER_EPOCH = 3;

  private static final int EPOCHS = 3;
  private static final int STEPS = EPOCHS * STEPS_PER_EPOCH;

  @TempDir private Path folder;

  private record End(Map<String, List<Float>> weights, List<Epoch> epochs) {}

  /** GELU is compiled in training, also for the short last batch. */
  private static Network network() {
    return Network.input(32, 32, 3)
        .then(Conv2d.of(4, 3).stride(2), BatchNorm.create(), Activation.GELU)
        .then(Dropout.of(0.3), GlobalAveragePool.create(), Dense.of(10));
  }

  private static Trainer.Builder recipe() {
    return Trainer.builder()
        .optimizer(MomentumOptimizer.of(0.9).weightDecay(5e-4))
        .schedule(OneCycle.of(0.05))
        .augment(RandomCrop.reflect(4), RandomFlip.horizontal())
        .epochs(EPOCHS)
        .batchSize(20)
        .precision(Precision.FLOAT32)
        .seed(7);
  }

  private static End end(Model model, History history) {
    Map<String, List<Float>> weights = new LinkedHashMap<>();
    GoldenModel.values(model)
        .forEach(
            (name, values) ->
                weights.put(
                    name, IntStream.range(0, values.length).mapToObj(i -> values[i]).toList()));
    return new End(weights, CheckpointsTest.withoutTime(history));
  }

  private static End uninterrupted(Trainer.Builder recipe) {
    try (Model model = Model.of(network(), 1)) {
      return end(model, recipe.build().fit(model, IMAGES, VALIDATION));
    }
  }

  /** Stops after the given numbers of steps, each time in a model that knows nothing. */
  private End interrupted(Trainer.Builder recipe, Path run, int... stops) {
    for (int stop : stops) {
      try (Model model = Model.of(network(), 2)) {
        recipe
            .callbacks(Checkpoints.in(run), stopAfter(stop))
            .build()
            .resume(run, model, IMAGES, VALIDATION);
      }
      assertThat(Checkpoints.newest(run).orElseThrow().step()).isEqualTo(stop);
    }
    try (Model model = Model.of(network(), 3)) {
      return end(
          model,
          recipe.callbacks(Checkpoints.in(run)).build().resume(run, model, IMAGES, VALIDATION));
    }
  }

  @Test
  void resume_fromAnyStep_endsBitForBitWhereTheWholeRunEnds() {
    End whole = uninterrupted(recipe());
    assertThat(whole.epochs()).hasSize(EPOCHS);
    for (int stop = 1; stop <= STEPS; stop++) {
      assertThat(stoppedAndResumed(recipe(), stop)).as("stopped after %s", stop).isEqualTo(whole);
    }
  }

  /**
   * Adam counts its steps; lookahead keeps slow weights, and has moved them once when stopped. Each
   * micro-batch has draws of its own.
   */
  @Test
  void resume_withOptimizersThatKeepMore_inMicroBatches() {
    for (Optimizer optimizer :
        List.of(Adam.create(), Lookahead.of(Muon.of(0.9)).steps(3), Lars.of(0.9))) {
      Trainer.Builder recipe =
          recipe().optimizer(optimizer).accumulate(3).sampler(WeightedSampler.balanced());
      End whole = uninterrupted(recipe);
      recipe = recipe().optimizer(optimizer).accumulate(3).sampler(WeightedSampler.balanced());
      assertThat(stoppedAndResumed(recipe, 4, optimizer.getClass().getSimpleName()))
          .isEqualTo(whole);
    }
  }

  @Test
  void resume_inFloat16_keepsTheScaleOfTheLoss() {
    Trainer.Builder recipe = recipe().precision(Precision.FLOAT16);
    assertThat(stoppedAndResumed(recipe, 4)).isEqualTo(uninterrupted(recipe));
    Map<String, Tensor> tensors =
        Checkpoints.newest(folder.resolve("stopped4")).orElseThrow().tensors();
    assertThat(tensors).containsKey("optimizer.loss_scale");
    assertThat(tensors)
        .extractingByKey("optimizer.loss_scale_steps")
        .extracting(steps -> steps.floats()[0])
        .isEqualTo((float) STEPS);
  }

  @Test
  void resume_inAnotherPrecision_onRequest() {
    Path run = folder.resolve("precision");
    try (Model model = Model.of(network(), 1)) {
      recipe().callbacks(Checkpoints.in(run), stopAfter(4)).build().fit(model, IMAGES, VALIDATION);
    }
    Trainer.Builder other = recipe().precision(Precision.FLOAT16).allowChanges("precision");
    End end = interrupted(other, run, 5);
    assertThat(Checkpoints.newest(run).orElseThrow().tensors())
        .extractingByKey("optimizer.loss_scale_steps")
        .extracting(steps -> steps.floats()[0])
        .as("the steps since it began anew")
        .isEqualTo((float) STEPS - 4);
    assertThat(end.epochs()).hasSize(EPOCHS);
    assertThat(end).isNotEqualTo(uninterrupted(recipe()));
  }

  private End stoppedAndResumed(Trainer.Builder recipe, int stop) {
    return stoppedAndResumed(recipe, stop, "");
  }

  private End stoppedAndResumed(Trainer.Builder recipe, int stop, String name) {
    Path run = folder.resolve("stopped" + stop + name);
    try (Model model = Model.of(network(), 1)) {
      recipe.callbacks(Checkpoints.in(run), stopAfter(stop)).build().fit(model, IMAGES, VALIDATION);
    }
    return interrupted(recipe, run);
  }

  /** The step is built anew between the epochs, and callbacks keep what they add to it. */
  @Test
  void resume_withImagesThatGrow() {
    Trainer.Builder recipe =
        Trainer.builder(recipe().imageScales(0.5, 0.75, 1).build().recipe())
            .optimizer(Lookahead.of(MomentumOptimizer.of(0.9)));
    recipe = Trainer.builder(recipe.build().recipe().callbacks(List.of(Ema.of(0.9))));
    End whole = uninterrupted(recipe);
    for (int stop : new int[] {2, 3, 4, 6, 7}) {
      assertThat(stoppedAndResumed(recipe, stop, "grow")).as("after %s", stop).isEqualTo(whole);
    }
  }

  @Test
  void resume_severalTimes_endsTheSame() {
    Path run = folder.resolve("often");
    try (Model model = Model.of(network(), 1)) {
      recipe().callbacks(Checkpoints.in(run), stopAfter(1)).build().fit(model, IMAGES, VALIDATION);
    }
    assertThat(interrupted(recipe(), run, 2, 4, 8)).isEqualTo(uninterrupted(recipe()));
  }

  @Test
  void stopDuringEvaluation_evaluatesAgain() {
    Path run = folder.resolve("evaluation");
    try (Model model = Model.of(network(), 1)) {
      History history =
          recipe()
              .callbacks(Checkpoints.in(run), stopAfter(STEPS_PER_EPOCH))
              .build()
              .fit(model, IMAGES, VALIDATION);
      assertThat(history.epochs()).isEmpty();
    }
    assertThat(Checkpoints.newest(run).orElseThrow().step()).isEqualTo(STEPS_PER_EPOCH);
    assertThat(interrupted(recipe(), run)).isEqualTo(uninterrupted(recipe()));
  }

  @Test
  void resume_withoutCheckpoint_startsTheRun() {
    Path run = folder.resolve("none");
    try (Model model = Model.of(network(), 1)) {
      assertThat(end(model, recipe().build().resume(run, model, IMAGES, VALIDATION)))
          .isEqualTo(uninterrupted(recipe()));
    }
  }

  @Test
  void resume_ofAFinishedRun_takesNoStep() {
    Path run = folder.resolve("finished");
    End whole;
    try (Model model = Model.of(network(), 1)) {
      Trainer trainer = recipe().callbacks(Checkpoints.in(run)).build();
      whole = end(model, trainer.fit(model, IMAGES, VALIDATION));
    }
    try (Model model = Model.of(network(), 2)) {
      List<StepEvent> steps = new ArrayList<>();
      Callback recorder =
          new Callback() {
            @Override
            public void onStep(StepEvent event, RunHandle handle) {
              steps.add(event);
            }
          };
      History history = recipe().callbacks(recorder).build().resume(run, model, IMAGES, VALIDATION);
      assertThat(end(model, history)).isEqualTo(whole);
      assertThat(steps).isEmpty();
    }
  }

  @Test
  void resume_withAValidationSplit_orWithoutValidation() {
    for (double split : new double[] {0, 0.3}) {
      Path run = folder.resolve("split" + split);
      Trainer.Builder recipe = recipe().validationSplit(split);
      End whole;
      try (Model model = Model.of(network(), 1)) {
        whole = end(model, recipe.callbacks().build().fit(model, IMAGES));
      }
      try (Model model = Model.of(network(), 1)) {
        recipe.callbacks(Checkpoints.in(run), stopAfter(4)).build().fit(model, IMAGES);
      }
      try (Model model = Model.of(network(), 2)) {
        assertThat(end(model, recipe.callbacks().build().resume(run, model, IMAGES)))
            .isEqualTo(whole);
      }
    }
  }

  /** A run that was stopped after four of its nine steps. */
  private Path stopped(String name) {
    Path run = folder.resolve(name);
    try (Model model = Model.of(network(), 1)) {
      recipe().callbacks(Checkpoints.in(run), stopAfter(4)).build().fit(model, IMAGES, VALIDATION);
    }
    return run;
  }

  @Test
  void refusedResume_leavesTheModelAsItWas() {
    Path run = stopped("as before");
    try (Model model = Model.of(network(), 1)) {
      List<String> names = model.classNames();
      assertThat(names).isNotEqualTo(IMAGES.classNames());
      assertThatIllegalArgumentException()
          .isThrownBy(() -> recipe().batchSize(25).build().resume(run, model, IMAGES, VALIDATION));
      assertThat(model.classNames()).isEqualTo(names);
    }
  }

  @Test
  void anotherConfiguration_isRefusedWithTheDifferenceNamed() {
    Path run = stopped("other");
    refuses(
        "batchSize must be 20 as in the checkpoint, got 25, seed must be 7 as in the checkpoint, got 8;"
            + " resume as the run began, or start another",
        run,
        recipe().batchSize(25).seed(8));
    refuses(
        "epochs must be 3 as in the checkpoint, got 4; allow it with allowChanges(\"epochs\")",
        run,
        recipe().epochs(4));
    refuses(
        """
        optimizer must be {"kind":"Momentum","weightDecay":5.0E-4,"decayKernelsOnly":false,"momentum":0.9,\
        "nesterov":false} as in the checkpoint, got {"kind":"Momentum","weightDecay":0.1,\
        "decayKernelsOnly":false,"momentum":0.9,"nesterov":false}; allow it with allowChanges("optimizer")""",
        run,
        recipe().optimizer(MomentumOptimizer.of(0.9).weightDecay(0.1)));
    refuses(
        """
        loss must be {"kind":"CrossEntropy","labelSmoothing":0.0,"classWeights":[]} as in the checkpoint, got \
        {"kind":"CrossEntropy","labelSmoothing":0.1,"classWeights":[]}, augment must be \
        [{"kind":"RandomCrop","padding":4,"border":"REFLECT"}, {"kind":"RandomFlip"}] as in the checkpoint, got \
        [{"kind":"RandomFlip"}], precision must be FLOAT32 as in the checkpoint, got BFLOAT16; allow it with \
        allowChanges("loss", "augment", "precision")""",
        run,
        recipe()
            .augment(RandomFlip.horizontal())
            .loss(CrossEntropy.create().labelSmoothing(0.1))
            .precision(Precision.BFLOAT16));
    refuses(
        """
        groups must be [] as in the checkpoint, got \
        [{"layers":["5"],"roles":[],"names":[],"rate":2.0}]; allow it with allowChanges("groups")""",
        run,
        recipe().groups(ParameterGroup.matching("5").rate(2)));
    refuses(
        "imageScales must be [1.0] as in the checkpoint, got [0.5]; resume as the run began, or start another",
        run,
        recipe().imageScales(0.5));
    refuses(
        "dropLast must be false as in the checkpoint, got true; resume as the run began, or start another",
        run,
        recipe().dropLast(true));
    refuses(
        """
        synchronizedBatchNorms must be false as in the checkpoint, got true; resume as the run began, or start \
        another""",
        run,
        recipe().synchronizedBatchNorms(true));
    refuses(
        """
        callbacks must be [] as in the checkpoint, got [{"kind":"Ema","decay":0.9}]; allow it with \
        allowChanges("callbacks")""",
        run,
        Trainer.builder(recipe().build().recipe().callbacks(List.of(Ema.of(0.9)))));
  }

  private static void refuses(String message, Path run, Trainer.Builder recipe) {
    try (Model model = Model.of(network(), 1)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> recipe.build().resume(run, model, IMAGES, VALIDATION))
          .withMessage(message);
    }
  }

  @Test
  void otherImagesOrNetwork_areRefused() {
    Path run = stopped("images");
    Trainer trainer = recipe().build();
    try (Model model = Model.of(network(), 1)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> trainer.resume(run, model, VALIDATION, VALIDATION))
          .withMessageMatching(
              "images must be 50 of 32 x 32 x 3 in 10 classes \\([0-9a-f]{12}\\) as in the checkpoint, got 30 of"
                  + " 32 x 32 x 3 in 10 classes \\([0-9a-f]{12}\\); resume as the run began, or start another");
      // One pixel in one of the images.
      byte[] pixels = new byte[IMAGES.pixels().remaining()];
      IMAGES.pixels().get(pixels);
      pixels[1000] ^= 1;
      ImageSet changed = ImageSet.of(32, 32, 3, pixels, IMAGES.labels(), IMAGES.classNames());
      assertThatIllegalArgumentException()
          .isThrownBy(() -> trainer.resume(run, model, changed, VALIDATION))
          .withMessageStartingWith("images must be 50 of 32 x 32 x 3 in 10 classes (");
    }
    // The same variables, another rate.
    Network other =
        Network.input(32, 32, 3)
            .then(Conv2d.of(4, 3).stride(4), BatchNorm.create(), Activation.RELU)
            .then(Dropout.of(0.4), GlobalAveragePool.create(), Dense.of(10));
    try (Model model = Model.of(other, 1)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> trainer.resume(run, model, IMAGES, VALIDATION))
          .withMessageMatching(
              "network must be Network of 8 variables \\([0-9a-f]{12}\\) as in the checkpoint, got Network of 8"
                  + " variables \\([0-9a-f]{12}\\); resume as the run began, or start another");
    }
  }

  @Test
  void lambdas_areComparedByTheirClass() {
    assertThat(configuration(2)).isEqualTo(configuration(3));
    assertThat(configuration(2))
        .containsEntry("schedule", "dev.lamina.train.ResumeTest$$Lambda")
        .containsEntry("augment", "[dev.lamina.train.ResumeTest$$Lambda]");
  }

  private static Map<String, String> configuration(int factor) {
    Network network =
        network().then(Lambda.of("scale", (tf, x) -> tf.math.mul(x, tf.constant((float) factor))));
    Trainer trainer =
        recipe()
            .schedule((step, steps) -> factor)
            .augment(
                (tf, batch, seed) ->
                    factor > 0 ? batch : batch.withImages(tf.identity(batch.images())))
            .build();
    try (Model model = Model.of(network, 1)) {
      return Configuration.of(trainer, model, IMAGES, null);
    }
  }

  /** Regularizers of the framework have no text of their own. */
  @Test
  void regularizers_areComparedByTheirNumbers() {
    String kind = "org.tensorflow.framework.regularizers.";
    assertThat(optimizer(new L1(1e-5f))).endsWith(kind + "L1(l1=1.0E-5, l2=0.0)]");
    assertThat(optimizer(new L2(0.5f))).endsWith(kind + "L2(l1=0.0, l2=0.5)]");
  }

  private static String optimizer(Regularizer regularizer) {
    Trainer trainer = recipe().optimizer(Regularized.of(Sgd.create(), regularizer)).build();
    try (Model model = Model.of(network(), 1)) {
      return Configuration.of(trainer, model, IMAGES, null).getOrDefault("optimizer", "");
    }
  }

  @Test
  void mayDiffer_letsARunGoOnOtherwise() {
    Path run = stopped("longer");
    try (Model model = Model.of(network(), 1)) {
      History longer =
          recipe().epochs(5).allowChanges("epochs").build().resume(run, model, IMAGES, VALIDATION);
      assertThat(longer.epochs()).hasSize(5);
      // The schedule is that of the longer run from here on.
      assertThat(longer.epochs().get(1).learningRate())
          .isEqualTo(OneCycle.of(0.05).learningRate(5, 15));
      assertThat(longer.epochs().get(0).learningRate())
          .isEqualTo(OneCycle.of(0.05).learningRate(2, 9));
    }
    try (Model model = Model.of(network(), 1)) {
      History slower =
          recipe()
              .schedule(Constant.of(0.001))
              .allowChanges("schedule", "epochs")
              .build()
              .resume(run, model, IMAGES, VALIDATION);
      assertThat(slower.last().learningRate()).isEqualTo(0.001);
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> recipe().allowChanges("batchSize").build())
        .withMessage(
            "allowChanges must name some of [accumulate, augment, callbacks, epochs, groups, loss,"
                + " optimizer, precision, schedule], got"
                + " [batchSize]");
  }

  @Test
  void anotherKindOfOptimizer_isRefusedEvenOnRequest() {
    Path run = stopped("kind");
    refuses(
        "kind of optimizer must be [Momentum] as in the checkpoint, got [Lars]; resume as the run began, or"
            + " start another",
        run,
        recipe().optimizer(Lars.of(0.9)).allowChanges("optimizer"));
    refuses(
        "kind of optimizer must be [Momentum] as in the checkpoint, got [Lookahead, Momentum]; resume as the"
            + " run began, or start another",
        run,
        recipe().optimizer(Lookahead.of(MomentumOptimizer.of(0.9))).allowChanges("optimizer"));
    Trainer.Builder nested = recipe().optimizer(Lookahead.of(Adam.create().epsilon(1e-6)));
    Path averaged = folder.resolve("nested");
    try (Model model = Model.of(network(), 1)) {
      Trainer trainer = nested.callbacks(Checkpoints.in(averaged), stopAfter(1)).build();
      trainer.fit(model, IMAGES, VALIDATION);
    }
    refuses(
        "kind of optimizer must be [Lookahead, Adam] as in the checkpoint, got [Lookahead, Sgd]; resume as"
            + " the run began, or start another",
        averaged,
        recipe().optimizer(Lookahead.of(Sgd.create())).allowChanges("optimizer"));
    try (Model model = Model.of(network(), 1)) {
      Optimizer other = Lookahead.of(Adam.create().weightDecay(0.1)).steps(2);
      Trainer trainer = recipe().optimizer(other).allowChanges("optimizer").build();
      assertThat(trainer.resume(averaged, model, IMAGES, VALIDATION).epochs()).hasSize(EPOCHS);
    }
  }

  /** Their own class is registered, that of a part of them is not. */
  @Test
  void wrappersOfUnregisteredParts_areCheckpointed_andComparedByClass() {
    Trainer.Builder recipe =
        recipe()
            .optimizer(Lookahead.of(Regularized.of(MomentumOptimizer.of(0.9), new L1(1e-5f))))
            .schedule(WarmUp.of(2, (step, steps) -> 0.05))
            .augment(Chain.of(RandomFlip.horizontal(), (tf, batch, seed) -> batch));
    End end = stoppedAndResumed(recipe, 4);
    assertThat(end.epochs()).hasSize(EPOCHS);
    assertThat(Checkpoints.newest(folder.resolve("stopped4")).orElseThrow().configuration())
        .containsEntry(
            "schedule", "WarmUp[length=2, schedule=dev.lamina.train.ResumeTest$$Lambda]");
    assertThat(RecipeOptions.unregistered(recipe.build().recipe()))
        .containsExactly(
            "dev.lamina.optimizer.Regularized",
            "dev.lamina.train.ResumeTest$$Lambda",
            "dev.lamina.train.ResumeTest$$Lambda");
  }

  /** A value of one's own whose text fails, say. */
  @Test
  void configurationThatCannotBeWritten_failsBeforeTheFirstStep() {
    List<Long> steps = new ArrayList<>();
    Callback recorder = LambdaCallback.create().onStep((event, run) -> steps.add(event.step()));
    try (Model model = Model.of(network(), 1)) {
      Trainer.Builder recipe = recipe().schedule(new Unwritable());
      Trainer trainer = recipe.callbacks(recorder, Checkpoints.in(folder)).build();
      assertThatIllegalArgumentException()
          .isThrownBy(() -> trainer.fit(model, IMAGES))
          .withMessage("no text");
      assertThat(steps).isEmpty();
    }
  }

  private record Unwritable() implements Schedule {
    @Override
    public double learningRate(long step, long steps) {
      return 0.1;
    }

    @Override
    public String toString() {
      throw new IllegalArgumentException("no text");
    }
  }
}
