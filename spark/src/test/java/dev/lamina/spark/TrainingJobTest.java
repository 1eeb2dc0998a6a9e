package dev.lamina.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.train.Recipe;
import dev.lamina.train.RecipeOptions;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The configuration that workers get. */
class TrainingJobTest {
  private static Map<String, Object> written(Recipe recipe) {
    TrainingJob job = TrainingJob.of("/photos", "/run", 1).recipe(recipe);
    return job.configuration().getOptions("recipe").values();
  }

  @Test
  void recipe_isWrittenWhole() {
    Recipe recipe = Recipe.create().validationSplit(0.25);
    assertThat(written(recipe)).isEqualTo(RecipeOptions.write(recipe).values());
  }

  /** So that a folder of photographs has the command's share for validation. */
  @Test
  void recipe_withoutValidationSplit_leavesItToTheCommand() {
    Recipe recipe = Recipe.create().epochs(7);
    Map<String, Object> expected = new HashMap<>(RecipeOptions.write(recipe).values());
    assertThat(expected.remove("validationSplit")).isEqualTo(0.0);
    assertThat(written(recipe)).isEqualTo(expected);
  }
}
