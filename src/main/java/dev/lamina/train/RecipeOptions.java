package dev.lamina.train;

import dev.lamina.augment.AugmentationTypes;
import dev.lamina.graph.Precision;
import dev.lamina.loss.LossTypes;
import dev.lamina.optimizer.OptimizerTypes;
import dev.lamina.registry.Options;
import dev.lamina.registry.Registry;
import dev.lamina.registry.UnregisteredException;
import dev.lamina.schedule.ScheduleTypes;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A {@link Recipe} as options, for {@code config.json} and checkpoints. Of an optimizer, schedule,
 * loss or augmentation whose class is not registered, such as a lambda, only the name of the class
 * is stored: two recipes can be compared by it, but the recipe cannot be read back.
 */
public final class RecipeOptions {
  private static final String CLASS = "class";

  private RecipeOptions() {}

  /** Returns all options of a recipe, including those with their default. */
  public static Options write(Recipe recipe) {
    Options options =
        Options.none()
            .with("optimizer", write(OptimizerTypes.REGISTRY, recipe.optimizer()))
            .with("schedule", write(ScheduleTypes.REGISTRY, recipe.schedule()))
            .with("loss", write(LossTypes.REGISTRY, recipe.loss()))
            .with(
                "augmentations",
                recipe.augmentations().stream()
                    .map(augmentation -> write(AugmentationTypes.REGISTRY, augmentation))
                    .toList())
            .with("epochs", recipe.epochs())
            .with("batchSize", recipe.batchSize())
            .with("dropLast", recipe.dropLast())
            .with("validationSplit", recipe.validationSplit());
    return recipe
        .precision()
        .map(precision -> options.with("precision", precision))
        .orElse(options)
        .with("freeze", recipe.freeze())
        .with("seed", recipe.seed());
  }

  private static <T> Options write(Registry<T> registry, T value) {
    try {
      return registry.write(value);
    } catch (UnregisteredException e) {
      return Options.none().with(CLASS, className(value));
    }
  }

  /** Returns the name of a class; of a lambda only the part that is the same in every process. */
  private static String className(Object value) {
    return value.getClass().getName().replaceAll("(\\$\\$Lambda).*", "$1");
  }

  /**
   * Returns the names of the classes in a recipe that are not registered, so that {@link #read}
   * fails.
   */
  public static List<String> unregistered(Recipe recipe) {
    Options options = write(recipe);
    return Stream.concat(
            Stream.of("optimizer", "schedule", "loss").map(options::getOptions),
            options.getOptionsList("augmentations").stream())
        .filter(part -> part.has(CLASS))
        .map(part -> part.getString(CLASS))
        .toList();
  }

  /**
   * Returns the recipe of options. An option that is missing has the default of {@link
   * Recipe#create}.
   *
   * @throws UnregisteredException if it has a class that is not registered
   * @throws IllegalArgumentException if an option is invalid or unknown
   */
  public static Recipe read(Options options) {
    Options own = options.owner("recipe");
    Recipe recipe = Recipe.create();
    Recipe read =
        new Recipe(
            read(OptimizerTypes.REGISTRY, own, "optimizer", recipe.optimizer()),
            read(ScheduleTypes.REGISTRY, own, "schedule", recipe.schedule()),
            read(LossTypes.REGISTRY, own, "loss", recipe.loss()),
            own.has("augmentations")
                ? own.getOptionsList("augmentations").stream()
                    .map(augmentation -> read(AugmentationTypes.REGISTRY, augmentation))
                    .toList()
                : recipe.augmentations(),
            own.getInt("epochs", recipe.epochs()),
            own.getInt("batchSize", recipe.batchSize()),
            own.getBoolean("dropLast", recipe.dropLast()),
            own.getDouble("validationSplit", recipe.validationSplit()),
            own.has("precision")
                ? Optional.of(own.getEnum("precision", Precision.class))
                : recipe.precision(),
            own.has("freeze") ? own.getStrings("freeze") : recipe.freeze(),
            own.getLong("seed", recipe.seed()));
    own.checkNoOthers();
    return read;
  }

  private static <T> T read(Registry<T> registry, Options recipe, String name, T ifMissing) {
    return recipe.has(name) ? read(registry, recipe.getOptions(name).at("")) : ifMissing;
  }

  private static <T> T read(Registry<T> registry, Options options) {
    if (options.has(CLASS)) {
      throw registry.notWritten(options.getString(CLASS));
    }
    return registry.read(options);
  }
}
