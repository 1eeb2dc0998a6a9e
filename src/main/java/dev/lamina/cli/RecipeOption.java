package dev.lamina.cli;

import dev.lamina.loss.LossTypes;
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
import picocli.CommandLine.Option;

/** The options that choose a recipe and override its values. */
final class RecipeOption {
  /** The option of an optimizer with another one inside, such as Lookahead. */
  private static final String INNER = "optimizer";

  private static final String OF_RECIPE = " (default: the recipe's)";

  @Option(
      names = "--recipe",
      paramLabel = "NAME",
      description =
          "how to train: published (that of CIFAR-10), quick (fewer epochs, a higher learning rate) or fast (10 epochs of"
              + " large batches, for airbench94) (default: quick for the embedded images, else published)")
  @Nullable String name;

  @Option(names = "--epochs", description = "passes over the images" + OF_RECIPE)
  private @Nullable Integer epochs;

  @Option(names = "--batch-size", description = "images of a step" + OF_RECIPE)
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

  @Option(names = "--learning-rate", description = "peak learning rate" + OF_RECIPE)
  private @Nullable Double learningRate;

  @Option(
      names = "--momentum",
      description = "a fixed momentum, also if the recipe's schedule cycles it" + OF_RECIPE)
  private @Nullable Double momentum;

  @Option(names = "--nesterov", description = "use Nesterov momentum")
  private boolean nesterov;

  @Option(names = "--weight-decay", description = "weight decay" + OF_RECIPE)
  private @Nullable Double weightDecay;

  @Option(
      names = "--loss",
      paramLabel = "NAME",
      description = "what is minimised, by the name of a loss" + OF_RECIPE)
  private @Nullable String loss;

  @Option(names = "--label-smoothing", description = "label smoothing" + OF_RECIPE)
  private @Nullable Double labelSmoothing;

  @Option(names = "--no-augment", description = "train without random changes of the images")
  private boolean noAugment;

  @Option(names = "--seed", description = "seed of weights, order and augmentation" + OF_RECIPE)
  private @Nullable Long seed;

  /** Returns whether this is the quick recipe, which it is by default for the embedded images. */
  boolean isQuick(DataOption data) {
    return Recipes.QUICK.equals(name) || (name == null && data.embedded());
  }

  /** Returns the named recipe, or the default one, with the given options. */
  Recipe resolve(String ifNotNamed) {
    return change(Recipes.get(name == null ? ifNotNamed : name));
  }

  /** Returns a recipe with the given options. */
  Recipe change(Recipe recipe) {
    Recipe changed = changeNumbers(recipe);
    if (learningRate != null) {
      changed = changed.schedule(withLearningRate(changed.schedule(), learningRate));
    }
    if (momentum != null) {
      changed =
          changed
              .optimizer(with(OptimizerTypes.REGISTRY, changed.optimizer(), "momentum", momentum))
              .schedule(withoutMomentum(changed.schedule()));
    }
    if (nesterov) {
      changed =
          changed.optimizer(with(OptimizerTypes.REGISTRY, changed.optimizer(), "nesterov", true));
    }
    if (weightDecay != null) {
      changed =
          changed.optimizer(
              with(OptimizerTypes.REGISTRY, changed.optimizer(), "weightDecay", weightDecay));
    }
    if (loss != null) {
      changed = changed.loss(LossTypes.REGISTRY.create(loss));
    }
    if (labelSmoothing != null) {
      changed =
          changed.loss(with(LossTypes.REGISTRY, changed.loss(), "labelSmoothing", labelSmoothing));
    }
    return noAugment ? changed.augmentations(List.of()) : changed;
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
    }
    if (accumulate != null) {
      changed = changed.accumulate(accumulate);
    }
    return seed == null ? changed : changed.seed(seed);
  }

  private static Schedule withLearningRate(Schedule schedule, double rate) {
    String option = ScheduleTypes.REGISTRY.write(schedule).has("rate") ? "rate" : "peak";
    return with(ScheduleTypes.REGISTRY, schedule, option, rate);
  }

  private static Schedule withoutMomentum(Schedule schedule) {
    return ScheduleTypes.REGISTRY.write(schedule).has("cycleMomentum")
        ? with(ScheduleTypes.REGISTRY, schedule, "cycleMomentum", false)
        : schedule;
  }

  /** Returns a part of the recipe, or what is inside it, with another value of an option. */
  private static <T> T with(Registry<T> registry, T part, String option, Object value) {
    Options options = registry.write(part);
    if (!options.has(option) && options.has(INNER)) {
      T inner = with(registry, registry.read(options.getOptions(INNER)), option, value);
      return registry.read(options.with(INNER, registry.write(inner)));
    }
    if (!options.has(option)) {
      throw new IllegalArgumentException(
          "%s must not be given for %s of the recipe, which has %s"
              .formatted(option, options.getString(Registry.KIND), options.values().keySet()));
    }
    return registry.read(options.with(option, value));
  }
}
