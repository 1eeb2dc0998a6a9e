package dev.lamina.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.loss.LossCheck.Formula;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Graph;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;

class CrossEntropyTest {

  /** The definition, in double precision. */
  private static Formula formula(double smoothing, double... weights) {
    return (x, t) -> {
      double[] p = LossCheck.softmax(x);
      double loss = 0;
      for (int k = 0; k < x.length; k++) {
        double weight = weights.length == 0 ? 1 : weights[k];
        loss -= weight * ((1 - smoothing) * t[k] + smoothing / x.length) * Math.log(p[k]);
      }
      return loss;
    };
  }

  static Stream<Arguments> sizes() {
    return Stream.of(
        Arguments.of(1, 2), Arguments.of(5, 2), Arguments.of(1, 10), Arguments.of(7, 3));
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void plain(int n, int classes) {
    checkBoth(CrossEntropy.create(), formula(0), n, classes);
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void labelSmoothing(int n, int classes) {
    checkBoth(CrossEntropy.create().labelSmoothing(0.1), formula(0.1), n, classes);
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void classWeights(int n, int classes) {
    double[] weights = weights(classes);
    checkBoth(CrossEntropy.create().classWeights(weights), formula(0, weights), n, classes);
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void labelSmoothing_andClassWeights(int n, int classes) {
    double[] weights = weights(classes);
    checkBoth(
        CrossEntropy.create().classWeights(weights).labelSmoothing(0.3),
        formula(0.3, weights),
        n,
        classes);
  }

  /** Different for each class, and 0 for one. */
  private static double[] weights(int classes) {
    double[] weights = new double[classes];
    Arrays.setAll(weights, k -> 0.75 * k);
    return weights;
  }

  private static void checkBoth(Loss loss, Formula formula, int n, int classes) {
    double[][] outputs = LossCheck.outputs(n, classes);
    LossCheck.check(loss, formula, outputs, LossCheck.oneHot(n, classes));
    LossCheck.check(loss, formula, outputs, LossCheck.distributions(n, classes));
  }

  @Test
  void options_changeTheLoss() {
    double[][] outputs = LossCheck.outputs(3, 4);
    double[][] targets = LossCheck.distributions(3, 4);
    double[][] plain = LossCheck.run(CrossEntropy.create(), outputs, targets);
    assertThat(
            Arrays.deepEquals(
                LossCheck.run(CrossEntropy.create().labelSmoothing(0.1), outputs, targets), plain))
        .isFalse();
    assertThat(
            Arrays.deepEquals(
                LossCheck.run(CrossEntropy.create().classWeights(1, 2, 3, 4), outputs, targets),
                plain))
        .isFalse();
  }

  @Test
  void largeLogits_stayFinite() {
    double[][] outputs = {{1000, -1000, 0}, {-80, 80, 0}};
    double[][] targets = {{0, 1, 0}, {0, 1, 0}};
    for (Loss loss :
        new Loss[] {CrossEntropy.create(), CrossEntropy.create().classWeights(1, 1, 1)}) {
      double[][] rows = LossCheck.run(loss, outputs, targets);
      assertThat(rows[0]).containsExactly(2000, 1, -1, 0);
      assertThat(rows[1][0]).isZero();
    }
  }

  @Test
  void refusesBadValues() {
    for (double smoothing : new double[] {-0.1, 1, Double.NaN}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> CrossEntropy.create().labelSmoothing(smoothing))
          .withMessage("labelSmoothing must be in [0, 1), got " + smoothing);
    }
    for (double weight : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> CrossEntropy.create().classWeights(1, weight))
          .withMessage("classWeights must be finite and not negative, got " + weight);
    }
  }

  @Test
  void classWeights_ofAnotherLength_areRefused() {
    assertRefused(
        CrossEntropy.create().classWeights(1, 2),
        Shape.of(-1, 3),
        "classWeights must have one weight for each of the 3 classes, got 2");
  }

  @Test
  void outputs_ofUnknownClasses_areRefused() {
    for (Shape shape : new Shape[] {Shape.of(-1, -1), Shape.of(5), Shape.of(2, 3, 4)}) {
      assertRefused(
          CrossEntropy.create(),
          shape,
          "outputs must have shape [N, classes] with the classes known, got " + shape);
    }
  }

  private static void assertRefused(Loss loss, Shape shape, String message) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Placeholder<TFloat32> outputs = tf.placeholder(TFloat32.class, Placeholder.shape(shape));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> loss.apply(tf, outputs, outputs))
          .withMessage(message);
    }
  }
}
