package dev.lamina.train;

import dev.lamina.augment.AlternatingFlip;
import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.graph.Role;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.optimizer.Lookahead;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.optimizer.ParameterGroup;
import dev.lamina.registry.NameTable;
import dev.lamina.schedule.Anneal;
import dev.lamina.schedule.OneCycle;
import java.util.List;
import java.util.Set;

/** Recipes by name, for the command line and for files; custom recipes can be registered. */
public final class Recipes {
  /** The recipe that was published for CIFAR-10: 100 epochs, 1cycle up to 0.01, crop and flip. */
  public static final String PUBLISHED = "published";

  /** A few minutes for a small network on few images: 5 epochs, 1cycle up to 0.05. */
  public static final String QUICK = "quick";

  /**
   * Few epochs for a network that starts as the identity, such as {@code airbench94}: 10 epochs of
   * batches of 1024, a triangular schedule up to 1.5 with Nesterov momentum and lookahead, 64 times
   * the rate for the biases of batch norms, label smoothing, alternating flip and a crop by 2.
   */
  public static final String FAST = "fast";

  private static final NameTable<Recipe> RECIPES = NameTable.of("recipe");

  static {
    Recipe published =
        Recipe.create()
            .augmentations(List.of(RandomCrop.reflect(4), RandomFlip.horizontal()))
            .seed(1);
    register(PUBLISHED, published);
    register(QUICK, published.epochs(5).schedule(OneCycle.of(0.05)));
    register(FAST, fast());
  }

  /** After Jordan, arXiv 2404.00498; docs/recipes.md says what differs. */
  private static Recipe fast() {
    double weightDecay = 0.00133;
    double biasRate = 64;
    return Recipe.create()
        .optimizer(Lookahead.of(MomentumOptimizer.of(0.85).withNesterov().weightDecay(weightDecay)))
        .groups(
            List.of(
                ParameterGroup.matching()
                    .roles(Role.NORM)
                    .names("bias")
                    .rate(biasRate)
                    .weightDecay(weightDecay / biasRate)))
        .schedule(
            OneCycle.of(1.5)
                .pctStart(0.23)
                .divFactor(5)
                .finalDivFactor(0.2 / 0.07)
                .anneal(Anneal.LINEAR)
                .cycleMomentum(false))
        .loss(CrossEntropy.create().labelSmoothing(0.2))
        .augmentations(List.of(AlternatingFlip.horizontal(), RandomCrop.reflect(2)))
        .epochs(10)
        .batchSize(1024)
        .dropLast(true)
        .seed(1);
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
