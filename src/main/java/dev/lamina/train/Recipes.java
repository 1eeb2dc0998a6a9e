package dev.lamina.train;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lamina.format.OptionsJson;
import dev.lamina.registry.NameTable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** Recipes by name, for the command line and for files; custom recipes can be registered. */
public final class Recipes {
  /** The recipe that was published for CIFAR-10: 100 epochs, 1cycle up to 0.01, crop and flip. */
  public static final String PUBLISHED = "published";

  /**
   * As {@link #PUBLISHED} with the kernels trained by {@code Muon}, 1cycle up to 0.03: more
   * accurate after as many epochs.
   */
  public static final String PUBLISHED_MUON = "published-muon";

  /** A few minutes for a small network on few images: 5 epochs, 1cycle up to 0.05. */
  public static final String QUICK = "quick";

  /**
   * Few epochs for a network that starts as the identity, such as {@code airbench94}: 10 epochs of
   * batches of 1024, a triangular schedule up to 1.5 with Nesterov momentum and lookahead, 64 times
   * the rate for the biases of batch norms, label smoothing, alternating flip and a crop by 2.
   */
  public static final String FAST = "fast";

  /**
   * As {@link #FAST} with {@code Muon} in place of momentum and lookahead: 8 epochs of batches of
   * 2000, a rate of 0.24 that falls to 0. For {@code airbench94}, whose classifier it names.
   */
  public static final String FAST_MUON = "fast-muon";

  /**
   * As {@link #FAST_MUON} with 11 epochs of batches of 1000, a rate of 0.17, a crop by 4 and a
   * cutout of 8 pixels; for {@code airbench96} of width 96, whose classifier it names.
   */
  public static final String HALF_HOUR = "half-hour";

  /**
   * As {@link #HALF_HOUR} with 15 epochs and a cutout of 12 pixels; for {@code airbench96} of its
   * own width.
   */
  public static final String THOROUGH = "thorough";

  /** At most this many training images are few. */
  private static final int SMALL = 1000;

  private static final int MEDIUM = 10_000;

  /** The files in the folder {@code recipes}, each with what differs from {@link Recipe#create}. */
  private static final List<String> FILES =
      List.of(
          PUBLISHED,
          PUBLISHED_MUON,
          QUICK,
          FAST,
          FAST_MUON,
          HALF_HOUR,
          THOROUGH,
          "scratch-small",
          "scratch-medium",
          "scratch-large",
          "finetune-small",
          "finetune-medium",
          "finetune-large");

  private static final NameTable<Recipe> RECIPES = NameTable.of("recipe");

  static {
    FILES.forEach(name -> register(name, read(name)));
  }

  private Recipes() {}

  private static Recipe read(String name) {
    String file = "recipes/" + name + ".json";
    try (InputStream stream =
        Objects.requireNonNull(Recipes.class.getResourceAsStream(file), file)) {
      return RecipeOptions.read(OptionsJson.read(new JsonMapper().readTree(stream)));
    } catch (IOException e) {
      throw new UncheckedIOException(file, e);
    }
  }

  /**
   * Returns the name of the recipe for photographs of one's own, by how many there are: few need
   * more epochs and are seen in more variants.
   *
   * @param images the number of training images
   * @param pretrained whether the weights come from another training; then the classifier is
   *     trained alone first, and the layers before it with a smaller learning rate
   */
  public static String forPhotographs(int images, boolean pretrained) {
    return (pretrained ? "finetune-" : "scratch-")
        + (images <= SMALL ? "small" : images <= MEDIUM ? "medium" : "large");
  }

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
