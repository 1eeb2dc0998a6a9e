package dev.lamina.zoo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FirstDifferenceTest {
  private static final float[] EXPECTED = {3, 0, 4};

  @Test
  void equalValues_nothingIsFound() {
    assertThat(
            new FirstDifference()
                .add("a", EXPECTED, EXPECTED, 1e-4)
                .addZero("b", new float[] {1e-6f, 0}, 1e-5)
                .addSigns("c", new float[] {2.9f, 0, 4.1f}, EXPECTED)
                .find())
        .isEmpty();
  }

  @Test
  void perturbedTensor_isTheFirstWhateverFollows() {
    float[] perturbed = {3, 0.005f, 4};
    assertThat(
            new FirstDifference()
                .add("conv", EXPECTED, EXPECTED, 1e-4)
                .add("norm", perturbed, EXPECTED, 1e-4)
                .add("dense", perturbed, EXPECTED, 1e-4)
                .add("loss", EXPECTED, EXPECTED, 1e-4)
                .find())
        .contains(
            "the first difference arises in norm: relative norm 1.0e-03, allowed 1e-04;"
                + " the 1 before it agree, the last with conv: relative norm 0.0e+00;"
                + " of the 2 after it 1 differ");
  }

  @Test
  void differenceBelowTheBound_agrees() {
    float[] perturbed = {3, 0.0004f, 4};
    assertThat(new FirstDifference().add("a", perturbed, EXPECTED, 1e-4).find()).isEmpty();
  }

  @Test
  void oneInputOfTheOtherSign_isFoundHoweverSmall() {
    assertThat(new FirstDifference().addSigns("relu", new float[] {3, 1e-9f, 4}, EXPECTED).find())
        .hasValueSatisfying(
            text ->
                assertThat(text).contains("relu: inputs of the ReLU with the other sign 1 of 3"));
  }

  @Test
  void valueThatShouldBeZero_isFound() {
    assertThat(new FirstDifference().addZero("bias", new float[] {0, -1e-3f}, 1e-5).find())
        .hasValueSatisfying(
            text -> assertThat(text).contains("bias: largest absolute value 1.0e-03"));
  }

  @Test
  void notANumber_isFound() {
    float[] broken = {3, Float.NaN, 4};
    assertThat(new FirstDifference().add("a", broken, EXPECTED, 1e-4).find()).isPresent();
    assertThat(new FirstDifference().addZero("b", broken, 10).find()).isPresent();
  }

  @Test
  void then_keepsTheOrder() {
    float[] perturbed = {3, 1, 4};
    FirstDifference forward = new FirstDifference().add("forward", perturbed, EXPECTED, 1e-4);
    FirstDifference backward = new FirstDifference().add("backward", perturbed, EXPECTED, 1e-4);
    assertThat(forward.then(backward).find())
        .hasValueSatisfying(text -> assertThat(text).contains("arises in forward"));
    assertThat(backward.then(forward).find())
        .hasValueSatisfying(text -> assertThat(text).contains("arises in backward"));
  }
}
