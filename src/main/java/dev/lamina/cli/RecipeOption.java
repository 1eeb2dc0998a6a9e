package dev.lamina.cli;

import dev.lamina.augment.BatchAugmentation;
import dev.lamina.data.ImageSet;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.loss.Loss;
import dev.lamina.loss.LossTypes;
import dev.lamina.optimizer.Optimizer;
import dev.lamina.optimizer.OptimizerTypes;
import dev.lamina.registry.Options;
import dev.lamina.registry.Registry;
import dev.lamina.schedule.Schedule;
import dev.lamina.schedule.ScheduleTypes;
import dev.lamina.train.Recipe;
import dev.lamina.train.Recipes;
import dev.lamina.train.SamplerTypes;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that choose a recipe and override its values. */
final class RecipeOption {
  /** The options of parts with another one inside, such as those of Lookahead and WarmUp. */
  private static final List<String> INNER = List.of("optimizer", "schedule");

  private static final String OF_RECIPE = " (default: the recipe's)";

  @Option(
      names = "--recipe",
      paramLabel = "NAME",
      description =
          "how to train: published (that of CIFAR-10), published-muon (more accurate), quick (few epochs), fast and fast-muon (8 to 10"
              + " epochs of large batches, for airbench94), half-hour and thorough (11 and 15 epochs, for airbench96), or scratch- or finetune-"
              + " with small, medium or large, for photographs (default: by the number of training images for image files, quick for the embedded images, else published)")
  @Nullable String name;

  @Option(names = "--epochs", paramLabel = "N", description = "passes over the images" + OF_RECIPE)
  private @Nullable Integer epochs;

  @Option(names = "--batch-size", paramLabel = "N", description = "images of a step" + OF_RECIPE)
  private @Nullable Integer batchSize;

  @Option(
      names = "--sampler",
      paramLabel = "NAME",
      description =
          "which images an epoch has, by the name of a sampler: Shuffled, or Weighted for all classes"
              + " equally often"
              + OF_RECIPE)
  private @Nullable String sampler;

  @Option(
      names = "--accumulate",
      paramLabel = "N",
      description =
          "micro-batches that a batch is computed in, one after another, to save memory"
              + OF_RECIPE)
  private @Nullable Integer accumulate;

  @Option(
      names = "--learning-rate",
      paramLabel = "RATE",
      description = "peak learning rate" + OF_RECIPE)
  private @Nullable Double learningRate;

  @Option(
      names = "--momentum",
      paramLabel = "NUMBER",
      description = "a fixed momentum, also if the recipe's schedule cycles it" + OF_RECIPE)
  private @Nullable Double momentum;

  @Option(names = "--nesterov", description = "use Nesterov momentum")
  private boolean nesterov;

  @Option(names = "--weight-decay", paramLabel = "NUMBER", description = "weight decay" + OF_RECIPE)
  private @Nullable Double weightDecay;

  @Option(
      names = "--loss",
      paramLabel = "NAME",
      description = "what is minimised, by the name of a loss" + OF_RECIPE)
  private @Nullable String loss;

  @Option(
      names = "--label-smoothing",
      paramLabel = "NUMBER",
      description = "label smoothing" + OF_RECIPE)
  private @Nullable Double labelSmoothing;

  @Mixin private AugmentOption augment = new AugmentOption();

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "seed of weights, order and augmentation" + OF_RECIPE)
  private @Nullable Long seed;

  /** Checks that there is a recipe of the given name. */
  void check() {
    if (name != null) {
      Recipes.get(name);
    }
  }

  /**
   * Returns the given recipe, that of a file, or the default for images.
   *
   * @param pretrained whether training starts from weights of another training
   */
  Choice choose(ConfigFile file, DataOption data, ImageSet images, boolean pretrained) {
    String given = name == null ? file.recipeName() : name;
    if (given != null) {
      return new Choice(given, "");
    }
    return chosenFor(data, images, pretrained);
  }

  /** Returns the default for images. */
  static Choice chosenFor(DataOption data, ImageSet images, boolean pretrained) {
    if (data.embedded()) {
      return new Choice(Recipes.QUICK, "the embedded images");
    }
    if (!data.isImageFolder()) {
      return new Choice(Recipes.PUBLISHED, "a data set that is no folder of image files");
    }
    return new Choice(
        Recipes.forPhotographs(images.size(), pretrained),
        "%s training images and %s weights"
            .formatted(images.size(), pretrained ? "pretrained" : "random"));
  }

  /**
   * The recipe of a run.
   *
   * @param name its name
   * @param reason for what it was chosen; empty if it was given
   */
  record Choice(String name, String reason) {
    @Override
    public String toString() {
      return reason.isEmpty()
          ? name
          : name + ", chosen for " + reason + "; --recipe NAME chooses another";
    }
  }

  /** Returns a recipe with the given options. */
  Recipe change(Recipe recipe) {
    Recipe changed = changeNumbers(recipe);
    if (learningRate != null) {
      changed =
          changed.schedule(
              with(changed.schedule(), "--learning-rate", learningRate, "rate", "peak"));
    }
    if (momentum != null) {
      changed =
          changed
              .optimizer(with(changed.optimizer(), "--momentum", momentum, "momentum"))
              .schedule(withoutMomentum(changed.schedule()));
    }
    if (nesterov) {
      changed = changed.optimizer(with(changed.optimizer(), "--nesterov", true, "nesterov"));
    }
    if (weightDecay != null) {
      changed =
          changed.optimizer(
              with(changed.optimizer(), "--weight-decay", weightDecay, "weightDecay"));
    }
    if (loss != null) {
      Loss given = LossTypes.REGISTRY.create(loss);
      boolean balance = changed.balanceClasses() && given instanceof CrossEntropy;
      changed = changed.loss(given).balanceClasses(balance);
    }
    if (labelSmoothing != null) {
      changed =
          changed.loss(
              with(
                  LossTypes.REGISTRY,
                  changed.loss(),
                  "--label-smoothing",
                  labelSmoothing,
                  "labelSmoothing"));
    }
    List<BatchAugmentation> augmentations = augment.resolve();
    return augmentations == null ? changed : changed.augmentations(augmentations);
  }

  private Recipe changeNumbers(Recipe recipe) {
    Recipe changed = recipe;
    if (epochs != null) {
      changed = changed.epochs(epochs);
    }
    if (batchSize != null) {
      changed = changed.batchSize(batchSize);
    }
    if (sampler != null) {
      changed = changed.sampler(SamplerTypes.REGISTRY.create(sampler));
      changed = changed.balancesTwice() ? changed.balanceClasses(false) : changed;
    }
    if (accumulate != null) {
      changed = changed.accumulate(accumulate);
    }
    return seed == null ? changed : changed.seed(seed);
  }

  /** Returns a schedule that leaves the momentum to the optimizer. */
  private static Schedule withoutMomentum(Schedule schedule) {
    return schedule.momentum(0, Long.MAX_VALUE).isPresent()
        ? with(schedule, "--momentum", false, "cycleMomentum")
        : schedule;
  }

  private static Schedule with(Schedule schedule, String given, Object value, String... names) {
    return with(ScheduleTypes.REGISTRY, schedule, given, value, names);
  }

  private static Optimizer with(Optimizer optimizer, String given, Object value, String... names) {
    return with(OptimizerTypes.REGISTRY, optimizer, given, value, names);
  }

  /**
   * Returns a part of the recipe, or what is inside it, with another value of an option.
   *
   * @param given the option of the command line, for the message
   * @param names those that the option of the part may have
   */
  private static <T> T with(
      Registry<T> registry, T part, String given, Object value, String... names) {
    if (value instanceof Double number && !Double.isFinite(number)) {
      throw new IllegalArgumentException(given + " must be a finite number, got " + number);
    }
    Options options = registry.write(part);
    for (String name : names) {
      if (options.has(name)) {
        return registry.read(options.with(name, value));
      }
    }
    for (String inner : INNER) {
      if (options.has(inner)) {
        T changed = with(registry, registry.read(options.getOptions(inner)), given, value, names);
        return registry.read(options.with(inner, registry.write(changed)));
      }
    }
    throw new IllegalArgumentException(
        "%s must not be given for %s of the recipe, which has %s"
            .formatted(given, options.getString(Registry.KIND), options.values().keySet()));
  }
}
