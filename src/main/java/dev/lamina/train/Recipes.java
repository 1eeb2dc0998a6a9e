package dev.lamina.train;

import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.registry.NameTable;
import dev.lamina.schedule.OneCycle;
import java.util.List;
import java.util.Set;

/** Recipes by name, for the command line and for files; custom recipes can be registered. */
public final class Recipes {
  /** The recipe that was published for CIFAR-10: 100 epochs, 1cycle up to 0.01, crop and flip. */
  public static final String PUBLISHED = "published";

  /** A few minutes for a small network on few images: 5 epochs, 1cycle up to 0.05. */
  public static final String QUICK = "quick";

  private static final NameTable<Recipe> RECIPES = NameTable.of("recipe");

  static {
    Recipe published =
        Recipe.create()
            .augmentations(List.of(RandomCrop.reflect(4), RandomFlip.horizontal()))
            .seed(1);
    register(PUBLISHED, published);
    register(QUICK, published.epochs(5).schedule(OneCycle.of(0.05)));
  }

  private Recipes() {}

  /**
   * Registers a recipe.
   *
   * @throws IllegalArgumentException if the name is taken
   */
  public static void register(String name, Recipe recipe) {
    RECIPES.add(name, recipe);
  }

  /** Returns the names, sorted. */
  public static Set<String> names() {
    return RECIPES.names();
  }

  /**
   * Returns the recipe with a name.
   *
   * @throws IllegalArgumentException if there is none; the message suggests the nearest names
   */
  public static Recipe get(String name) {
    return RECIPES.get(name);
  }
}
