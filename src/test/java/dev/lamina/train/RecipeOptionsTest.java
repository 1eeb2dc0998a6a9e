package dev.lamina.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.lamina.augment.AlternatingFlip;
import dev.lamina.augment.AugmentationTypes;
import dev.lamina.augment.BatchAugmentation;
import dev.lamina.augment.Chain;
import dev.lamina.augment.ColorJitter;
import dev.lamina.augment.CutMix;
import dev.lamina.augment.Cutout;
import dev.lamina.augment.MixUp;
import dev.lamina.augment.RandAugment;
import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomErasing;
import dev.lamina.augment.RandomFlip;
import dev.lamina.augment.RandomResizedCrop;
import dev.lamina.augment.RandomTranslate;
import dev.lamina.data.Sampler;
import dev.lamina.data.Shuffled;
import dev.lamina.data.WeightedSampler;
import dev.lamina.format.OptionsJson;
import dev.lamina.graph.Precision;
import dev.lamina.graph.Role;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.loss.Loss;
import dev.lamina.loss.LossTypes;
import dev.lamina.optimizer.Adam;
import dev.lamina.optimizer.Lars;
import dev.lamina.optimizer.Lookahead;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.optimizer.Muon;
import dev.lamina.optimizer.Optimizer;
import dev.lamina.optimizer.OptimizerTypes;
import dev.lamina.optimizer.ParameterGroup;
import dev.lamina.optimizer.Sgd;
import dev.lamina.registry.Options;
import dev.lamina.registry.Registry;
import dev.lamina.registry.UnregisteredException;
import dev.lamina.schedule.Anneal;
import dev.lamina.schedule.Constant;
import dev.lamina.schedule.Cosine;
import dev.lamina.schedule.OneCycle;
import dev.lamina.schedule.PiecewiseLinear;
import dev.lamina.schedule.Polynomial;
import dev.lamina.schedule.Schedule;
import dev.lamina.schedule.ScheduleTypes;
import dev.lamina.schedule.StepDecay;
import dev.lamina.schedule.WarmUp;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Recipes and their parts, written and read; every option with a value that is not its default. */
class RecipeOptionsTest {
  private static final List<Optimizer> OPTIMIZERS =
      List.of(
          Adam.create().betas(0.8, 0.99).epsilon(1e-7).weightDecay(1e-3).decayKernelsOnly(),
          Adam.create().weightDecay(0.1).withDecoupledDecay().clipNorm(2),
          Lars.of(0.8).trustCoefficient(0.01).weightDecay(1e-3).decayKernelsOnly(),
          Lookahead.of(Adam.create().epsilon(1e-6)).steps(7).alpha(0.8),
          Muon.of(0.6).withNormalizedKernels().precision(Precision.BFLOAT16).weightDecay(0.1),
          Muon.of(0.9),
          MomentumOptimizer.of(0.8).withNesterov().weightDecay(1e-4).clipNorm(1),
          Sgd.create().weightDecay(0.1).decayKernelsOnly().clipNorm(3));

  /** One of each class, for runs of more than three steps. */
  static final List<Schedule> SCHEDULES =
      List.of(
          Constant.of(0.1),
          Cosine.of(0.1).floor(0.01).restarts(50, 2),
          OneCycle.of(0.2)
              .pctStart(0.4)
              .divFactor(10)
              .finalDivFactor(100)
              .anneal(Anneal.LINEAR)
              .threePhase(true)
              .cycleMomentum(false)
              .momentumRange(0.7, 0.8),
          PiecewiseLinear.of(new long[] {0, 5}, new double[] {0.1, 0}),
          Polynomial.of(0.1).end(0.01).power(2),
          StepDecay.of(0.1, 30, 60).factor(0.2),
          WarmUp.of(3, Constant.of(0.3)));

  private static final List<BatchAugmentation> AUGMENTATIONS =
      List.of(
          AlternatingFlip.horizontal(),
          Chain.of(RandomFlip.horizontal(), Cutout.of(4)),
          ColorJitter.create().brightness(0.1).contrast(0.2).saturation(0.3),
          CutMix.of(0.5).probability(0.7),
          Cutout.of(8).fill(3),
          MixUp.of(0.2),
          RandAugment.create().operations(3).magnitude(4),
          RandomCrop.zero(2),
          RandomErasing.create().probability(0.4).area(0.1, 0.2).maxRatio(2).fill(0),
          RandomFlip.horizontal(),
          RandomResizedCrop.create().minArea(0.3).maxRatio(1.5),
          RandomTranslate.of(3));

  private static final List<Sampler> SAMPLERS =
      List.of(Shuffled.create(), WeightedSampler.ofClasses(1, 0.5));

  private static final List<Loss> LOSSES =
      List.of(CrossEntropy.create().labelSmoothing(0.1).classWeights(1, 0.5));

  private static final List<Callback> CALLBACKS =
      List.of(
          EarlyStopping.patience(3).monitor("accuracy").minDelta(0.01),
          Ema.of(0.9),
          BestModel.in(Path.of("best.safetensors")).lowest("brier_score"),
          JsonLines.to(Path.of("events.jsonl")).everySteps(10),
          Swa.from(3).constant(0.02, 2),
          Swa.from(2).cyclic(0.04, 0.01, 3),
          Swa.from(1),
          Throughput.create(),
          TimeLimit.of(Duration.ofMinutes(90)),
          ReduceOnPlateau.of(0.5, 2).monitor("accuracy").minDelta(0.02));

  private static <T> void readBack(Registry<T> registry, List<T> values, Class<T> type) {
    for (T value : values) {
      Options json = OptionsJson.read(OptionsJson.write(registry.write(value)));
      assertThat(registry.read(json)).isEqualTo(value);
    }
    Set<String> seen = new HashSet<>();
    values.forEach(value -> seen.add(registry.name(value).orElseThrow()));
    // A new class must be registered, unless it is code, wraps an object of another library or has
    // a folder.
    Set<String> records =
        new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages(type.getPackageName())
                .stream()
                .filter(found -> found.isAssignableTo(type) && found.isRecord())
                .map(
                    found ->
                        found
                            .getSimpleName()
                            .replaceAll("(Momentum)Optimizer|(Weighted)Sampler", "$1$2"))
                .filter(
                    name ->
                        !Set.of("FrameworkLoss", "Regularized", "Checkpoints", "LambdaCallback")
                            .contains(name))
                .collect(Collectors.toSet());
    assertThat(seen).as("what is tested").isEqualTo(records);
  }

  @Test
  void everyOptimizer_isReadBack() {
    readBack(OptimizerTypes.REGISTRY, OPTIMIZERS, Optimizer.class);
  }

  @Test
  void everySchedule_isReadBack() {
    readBack(ScheduleTypes.REGISTRY, SCHEDULES, Schedule.class);
  }

  @Test
  void everyAugmentation_isReadBack() {
    readBack(AugmentationTypes.REGISTRY, AUGMENTATIONS, BatchAugmentation.class);
  }

  @Test
  void everyLoss_isReadBack() {
    readBack(LossTypes.REGISTRY, LOSSES, Loss.class);
  }

  @Test
  void everyCallback_isReadBack() {
    readBack(CallbackTypes.REGISTRY, CALLBACKS, Callback.class);
  }

  @Test
  void everySampler_isReadBack() {
    readBack(SamplerTypes.REGISTRY, SAMPLERS, Sampler.class);
    assertThat(SamplerTypes.REGISTRY.create("Weighted")).isEqualTo(WeightedSampler.balanced());
  }

  @Test
  void recipe_isReadBack() {
    Recipe recipe =
        Recipe.create()
            .optimizer(OPTIMIZERS.get(0))
            .groups(
                List.of(
                    ParameterGroup.matching("a.0", "b").roles(Role.NORM).names("bias").rate(64),
                    ParameterGroup.matching().weightDecay(0).momentum(0.5)))
            .schedule(SCHEDULES.get(1))
            .loss(LOSSES.get(0))
            .augmentations(AUGMENTATIONS)
            .imageScales(List.of(0.5, 1.0))
            .epochs(3)
            .sampler(SAMPLERS.get(1))
            .batchSize(7)
            .accumulate(3)
            .dropLast(true)
            .validationSplit(0.2)
            .precision(Optional.of(Precision.BFLOAT16))
            .synchronizedBatchNorms(true)
            .freeze(List.of("conv1"))
            .freezeEpochs(2)
            .bodyRate(0.5)
            .balanceClasses(true)
            .callbacks(CALLBACKS)
            .seed(1L << 40);
    Options json = OptionsJson.read(OptionsJson.write(RecipeOptions.write(recipe)));
    assertThat(RecipeOptions.read(json)).isEqualTo(recipe);
    assertThat(RecipeOptions.read(RecipeOptions.write(Recipe.create()))).isEqualTo(Recipe.create());
    assertThat(RecipeOptions.unregistered(recipe)).isEmpty();
  }

  @Test
  void missingOptions_haveTheRecipesDefaults() {
    assertThat(RecipeOptions.read(Options.none())).isEqualTo(Recipe.create());
  }

  @Test
  void wrongOptions_areNamed() {
    refuses(Options.none().with("epochs", 0), "epochs must be positive, got 0");
    refuses(
        Options.none().with("epoch", 3),
        "recipe has no option \"epoch\"; did you mean \"epochs\"?");
    refuses(
        Options.none()
            .with("groups", List.of(Options.none().with("rate", 2), Options.none().with("lr", 3))),
        "parameter group \"1\" has no option \"lr\"; its options: layers, momentum,"
            + " names, rate, roles, weightDecay");
    refuses(
        Options.none().with("groups", List.of(Options.none().with("roles", List.of("BIASES")))),
        "roles of parameter group \"0\" must be a list of KERNEL, BIAS, NORM, FIXED, STATISTIC, got"
            + " [BIASES]");
    refuses(
        RecipeOptions.write(
                Recipe.create().augmentations(List.of(RandomFlip.horizontal(), Cutout.of(3))))
            .with("augmentations", List.of(Options.none().with("kind", "Cutout").with("size", 0))),
        "augmentation \"0\" (Cutout): size must be at least 1, got 0");
  }

  private static void refuses(Options options, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RecipeOptions.read(options))
        .withMessage(message);
  }

  /** A lambda's class has another name in every process; what is kept is the same in all. */
  @Test
  void code_isKeptByTheNameOfItsClass() {
    Recipe recipe = Recipe.create().loss((tf, outputs, targets) -> outputs);
    assertThat(RecipeOptions.unregistered(recipe))
        .containsExactly("dev.lamina.train.RecipeOptionsTest$$Lambda");
    Options options = RecipeOptions.write(recipe);
    assertThatExceptionOfType(UnregisteredException.class)
        .isThrownBy(() -> RecipeOptions.read(options))
        .withMessage(
            "loss is of class dev.lamina.train.RecipeOptionsTest$$Lambda, which was not registered, so"
                + " that its options were not written; resume from Java, or register it with"
                + " LossTypes.REGISTRY before training");
  }

  @Test
  void named_forPhotographs() {
    assertThat(Recipes.forPhotographs(1000, false)).isEqualTo("scratch-small");
    assertThat(Recipes.forPhotographs(1001, false)).isEqualTo("scratch-medium");
    assertThat(Recipes.forPhotographs(10_000, true)).isEqualTo("finetune-medium");
    assertThat(Recipes.forPhotographs(10_001, true)).isEqualTo("finetune-large");
    for (int images : new int[] {1, 5000, 50_000}) {
      Recipe scratch = Recipes.get(Recipes.forPhotographs(images, false));
      Recipe pretrained = Recipes.get(Recipes.forPhotographs(images, true));
      assertThat(scratch.freezeEpochs()).isZero();
      assertThat(pretrained.freezeEpochs()).isPositive();
      assertThat(pretrained.bodyRate()).isLessThan(1);
      assertThat(pretrained.epochs()).isLessThan(scratch.epochs());
      assertThat(pretrained.balanceClasses() && scratch.balanceClasses()).isTrue();
    }
  }

  /** The recipe of the design: 100 epochs of 64 images, momentum, decay, 1cycle up to 0.01. */
  @Test
  void named_published() {
    assertThat(Recipes.get("published"))
        .isEqualTo(
            Recipe.create()
                .optimizer(MomentumOptimizer.of(0.9).weightDecay(5e-4))
                .schedule(OneCycle.of(0.01))
                .augmentations(List.of(RandomCrop.reflect(4), RandomFlip.horizontal()))
                .epochs(100)
                .batchSize(64)
                .seed(1));
    assertThat(Recipes.get("quick"))
        .isEqualTo(Recipes.get("published").epochs(5).schedule(OneCycle.of(0.05)));
    assertThat(Recipes.get("published-muon"))
        .isEqualTo(
            Recipes.get("published")
                .optimizer(Muon.of(0.9).withNormalizedKernels())
                .schedule(OneCycle.of(0.03)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Recipes.get("publshed"))
        .withMessageMatching(
            "recipe must be one of .*published, published-muon, quick.*, got \"publshed\"; did you mean"
                + " \"published\"\\?");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Recipes.register("quick", Recipe.create()))
        .withMessage(
            "name of a recipe must not be registered twice, got \"quick\"; choose another");
  }
}
