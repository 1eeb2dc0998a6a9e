package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.data.WeightedSampler;
import dev.lamina.optimizer.Lookahead;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.optimizer.Sgd;
import dev.lamina.registry.Options;
import dev.lamina.schedule.Constant;
import dev.lamina.schedule.OneCycle;
import dev.lamina.schedule.PiecewiseLinear;
import dev.lamina.schedule.Schedule;
import dev.lamina.schedule.WarmUp;
import dev.lamina.train.Recipe;
import dev.lamina.train.RecipeOptions;
import dev.lamina.train.Recipes;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What options change in a recipe. */
class RecipeOptionTest {
  private static Recipe change(Recipe recipe, String... options) {
    return CommandLine.populateCommand(new RecipeOption(), options).change(recipe);
  }

  @Test
  void learningRate_isThatOfTheScheduleInside() {
    for (Schedule after : new Schedule[] {OneCycle.of(0.5), Constant.of(0.5)}) {
      Schedule before = after instanceof OneCycle ? OneCycle.of(0.1) : Constant.of(0.1);
      Recipe recipe = Recipe.create().schedule(WarmUp.of(3, before));
      assertThat(change(recipe, "--learning-rate", "0.5").schedule())
          .isEqualTo(WarmUp.of(3, after));
    }
  }

  @Test
  void momentum_isFixed_alsoIfTheScheduleInsideCyclesIt() {
    Recipe recipe =
        Recipe.create()
            .optimizer(Lookahead.of(MomentumOptimizer.of(0.9)))
            .schedule(WarmUp.of(3, OneCycle.of(0.1)));
    Recipe changed = change(recipe, "--momentum", "0.5");
    assertThat(changed.optimizer()).isEqualTo(Lookahead.of(MomentumOptimizer.of(0.5)));
    assertThat(changed.schedule()).isEqualTo(WarmUp.of(3, OneCycle.of(0.1).cycleMomentum(false)));
  }

  @Test
  void optionThatAPartHasNot_isRefusedByItsName() {
    Schedule fixed = PiecewiseLinear.of(new long[] {0, 5}, new double[] {0.1, 0});
    Recipe warm = Recipe.create().schedule(WarmUp.of(3, fixed));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> change(warm, "--learning-rate", "0.5"))
        .withMessage(
            "--learning-rate must not be given for PiecewiseLinear of the recipe, which has [kind, knots,"
                + " values]");
    Recipe plain = Recipe.create().optimizer(Sgd.create());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> change(plain, "--nesterov"))
        .withMessageStartingWith("--nesterov must not be given for Sgd of the recipe, which has [");
  }

  @Test
  void samplerThatBalancesTheClasses_replacesTheirWeights() {
    Recipe photographs = Recipes.get("scratch-small");
    assertThat(photographs.balanceClasses()).isTrue();
    assertThat(change(photographs, "--sampler", "Weighted").balanceClasses()).isFalse();
    assertThat(change(photographs, "--sampler", "Shuffled").balanceClasses()).isTrue();
  }

  @Test
  void samplerOfAFile_doesSo_unlessTheFileSetsBoth() {
    Recipe photographs = Recipes.get("scratch-small");
    Options sampler = Options.none().with("kind", "Weighted").with("of", "CLASSES");
    Options file = Options.none().with("sampler", sampler);
    Recipe changed = RecipeOptions.change(photographs, file);
    assertThat(changed.sampler()).isEqualTo(WeightedSampler.balanced());
    assertThat(changed.balanceClasses()).isFalse();
    assertThat(RecipeOptions.change(photographs, file.with("balanceClasses", true)))
        .isEqualTo(changed.balanceClasses(true));
    assertThat(RecipeOptions.change(photographs, Options.none().with("epochs", 3)).balanceClasses())
        .isTrue();
  }
}
