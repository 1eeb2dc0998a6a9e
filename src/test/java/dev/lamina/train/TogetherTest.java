package dev.lamina.train;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class TogetherTest {
  private static final Recipe RECIPE = Recipe.create().batchSize(8);

  @Test
  void shares_ofEveryWorkerInEveryPart() {
    Together.checkShares(RECIPE, 8);
    Together.checkShares(RECIPE.accumulate(2), 4);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Together.checkShares(RECIPE, 9))
        .withMessage(
            "batchSize must be at least the number of workers, of which each takes its share of a"
                + " batch, got 8 for 9 workers");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Together.checkShares(RECIPE.accumulate(3), 4))
        .withMessage(
            "accumulate must be at most 2, so that each of 4 workers has an image in every part of a"
                + " batch of 8, got 3");
  }
}
