package dev.lamina.train;

import dev.lamina.augment.AugmentationTypes;
import dev.lamina.graph.Precision;
import dev.lamina.loss.LossTypes;
import dev.lamina.optimizer.OptimizerTypes;
import dev.lamina.registry.Options;
import dev.lamina.registry.Registry;
import dev.lamina.registry.UnregisteredException;
import dev.lamina.schedule.ScheduleTypes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * A {@link Recipe} as options, for {@code config.json} and checkpoints. Of an optimizer, schedule,
 * loss, augmentation or callback whose class, or that of a part of it, is not registered, such as a
 * lambda, only the name of that class is stored: two recipes can be compared by it, but the recipe
 * cannot be read back.
 */
public final class RecipeOptions {
  private static final String CLASS = "class";

  /**
   * One field of a recipe.
   *
   * @param name its name in files
   * @param write its value as one of {@link Options}; empty if it is not set
   * @param read the recipe with the value that options have under the name
   */
  private record Field(
      String name, Function<Recipe, Optional<?>> write, BiFunction<Recipe, Options, Recipe> read) {}

  /** All fields, in the order in which they are written. */
  private static final List<Field> FIELDS =
      List.of(
          part("optimizer", OptimizerTypes.REGISTRY, Recipe::optimizer, Recipe::optimizer),
          value(
              "groups",
              recipe -> recipe.groups().stream().map(OptimizerTypes::write).toList(),
              (recipe, o) ->
                  recipe.groups(
                      o.getOptionsList("groups").stream().map(OptimizerTypes::readGroup).toList())),
          part("schedule", ScheduleTypes.REGISTRY, Recipe::schedule, Recipe::schedule),
          part("loss", LossTypes.REGISTRY, Recipe::loss, Recipe::loss),
          parts(
              "augmentations",
              AugmentationTypes.REGISTRY,
              Recipe::augmentations,
              Recipe::augmentations),
          part("sampler", SamplerTypes.REGISTRY, Recipe::sampler, Recipe::sampler),
          value("epochs", Recipe::epochs, (recipe, o) -> recipe.epochs(o.getInt("epochs"))),
          value(
              "imageScales",
              Recipe::imageScales,
              (recipe, o) -> recipe.imageScales(o.getDoubles("imageScales").asList())),
          value(
              "batchSize",
              Recipe::batchSize,
              (recipe, o) -> recipe.batchSize(o.getInt("batchSize"))),
          value(
              "accumulate",
              Recipe::accumulate,
              (recipe, o) -> recipe.accumulate(o.getInt("accumulate"))),
          value(
              "dropLast",
              Recipe::dropLast,
              (recipe, o) -> recipe.dropLast(o.getBoolean("dropLast"))),
          value(
              "validationSplit",
              Recipe::validationSplit,
              (recipe, o) -> recipe.validationSplit(o.getDouble("validationSplit"))),
          new Field(
              "precision",
              Recipe::precision,
              (recipe, o) ->
                  recipe.precision(Optional.of(o.getEnum("precision", Precision.class)))),
          value(
              "synchronizedBatchNorms",
              Recipe::synchronizedBatchNorms,
              (recipe, o) -> recipe.synchronizedBatchNorms(o.getBoolean("synchronizedBatchNorms"))),
          value("freeze", Recipe::freeze, (recipe, o) -> recipe.freeze(o.getStrings("freeze"))),
          value(
              "freezeEpochs",
              Recipe::freezeEpochs,
              (recipe, o) -> recipe.freezeEpochs(o.getInt("freezeEpochs"))),
          value(
              "bodyRate",
              Recipe::bodyRate,
              (recipe, o) -> recipe.bodyRate(o.getDouble("bodyRate"))),
          value(
              "balanceClasses",
              Recipe::balanceClasses,
              (recipe, o) -> recipe.balanceClasses(o.getBoolean("balanceClasses"))),
          parts("callbacks", CallbackTypes.REGISTRY, Recipe::callbacks, Recipe::callbacks),
          value("seed", Recipe::seed, (recipe, o) -> recipe.seed(o.getLong("seed"))));

  private RecipeOptions() {}

  private static Field value(
      String name, Function<Recipe, Object> get, BiFunction<Recipe, Options, Recipe> read) {
    return new Field(name, recipe -> Optional.of(get.apply(recipe)), read);
  }

  /** A field with a value of a registered class. */
  private static <T> Field part(
      String name,
      Registry<T> registry,
      Function<Recipe, T> get,
      BiFunction<Recipe, T, Recipe> with) {
    return value(
        name,
        recipe -> write(registry, get.apply(recipe)),
        (recipe, options) -> with.apply(recipe, read(registry, options.getOptions(name).at(""))));
  }

  /** A field with a list of values of registered classes. */
  private static <T> Field parts(
      String name,
      Registry<T> registry,
      Function<Recipe, List<T>> get,
      BiFunction<Recipe, List<T>, Recipe> with) {
    return value(
        name,
        recipe -> get.apply(recipe).stream().map(part -> write(registry, part)).toList(),
        (recipe, options) ->
            with.apply(
                recipe,
                options.getOptionsList(name).stream().map(part -> read(registry, part)).toList()));
  }

  /** Returns all options of a recipe, including those with their default. */
  public static Options write(Recipe recipe) {
    Options options = Options.none();
    for (Field field : FIELDS) {
      Optional<?> value = field.write().apply(recipe);
      if (value.isPresent()) {
        options = options.with(field.name(), value.get());
      }
    }
    return options;
  }

  private static <T> Options write(Registry<T> registry, T value) {
    try {
      return registry.write(value);
    } catch (UnregisteredException e) {
      return Options.none().with(CLASS, className(e.type().orElse(value.getClass())));
    }
  }

  /** Returns the name of a class; of a lambda only the part that is the same in every process. */
  private static String className(Class<?> type) {
    return type.getName().replaceAll("(\\$\\$Lambda).*", "$1");
  }

  /**
   * Returns the names of the classes in a recipe that are not registered, so that {@link #read}
   * fails.
   */
  public static List<String> unregistered(Recipe recipe) {
    List<String> names = new ArrayList<>();
    for (Object value : write(recipe).values().values()) {
      for (Object part : value instanceof List<?> list ? list : List.of(value)) {
        if (part instanceof Options options && options.has(CLASS)) {
          names.add(options.getString(CLASS));
        }
      }
    }
    return names;
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
    for (Field field : FIELDS) {
      if (own.has(field.name())) {
        recipe = field.read().apply(recipe, own);
      }
    }
    own.checkNoOthers();
    recipe.check();
    return recipe;
  }

  /**
   * Returns a recipe with other values. Of a part whose kind is not given, or is that of the
   * recipe's, only the options that are given change; and a sampler that draws every class equally
   * often replaces {@code balanceClasses}.
   *
   * @param changes as in {@link #write}
   * @throws IllegalArgumentException as {@link #read} does
   */
  public static Recipe change(Recipe recipe, Options changes) {
    Recipe changed = read(write(recipe).merge(changes));
    return changed.balancesTwice() && changes.has("sampler") && !changes.has("balanceClasses")
        ? changed.balanceClasses(false)
        : changed;
  }

  private static <T> T read(Registry<T> registry, Options options) {
    if (options.has(CLASS)) {
      throw registry.notWritten(options.getString(CLASS));
    }
    return registry.read(options);
  }
}
