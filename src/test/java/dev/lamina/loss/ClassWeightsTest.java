package dev.lamina.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ClassWeightsTest {
  /** The example of scikit-learn's compute_class_weight: y = [1, 1, 1, 1, 0, 0]. */
  @Test
  void balanced_isThatOfScikitLearn() {
    assertThat(ClassWeights.balanced(2, 4)).containsExactly(1.5, 0.75);
    assertThat(ClassWeights.balanced(7, 7, 7)).containsExactly(1, 1, 1);
  }

  @Test
  void balanced_withAClassWithoutExamples_leavesItOut() {
    assertThat(ClassWeights.balanced(2, 0, 4)).containsExactly(1.5, 1, 0.75);
  }

  /**
   * PyTorch divides by the sum of the weights of the examples, which over all of them is their
   * number, and every class has the same share of the loss.
   */
  @Test
  void balanced_overAllExamples_divideByTheirNumber() {
    int[] counts = {3, 17, 1, 9};
    double[] weights = ClassWeights.balanced(counts);
    double sum = 0;
    for (int k = 0; k < counts.length; k++) {
      sum += weights[k] * counts[k];
      assertThat(weights[k] * counts[k]).isCloseTo(30.0 / 4, within(1e-12));
    }
    assertThat(sum).isCloseTo(30, within(1e-12));
  }
}
