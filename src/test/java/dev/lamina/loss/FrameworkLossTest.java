package dev.lamina.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.loss.LossCheck.Formula;
import java.util.function.DoubleBinaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Graph;
import org.tensorflow.framework.losses.BinaryCrossentropy;
import org.tensorflow.framework.losses.CategoricalCrossentropy;
import org.tensorflow.framework.losses.CategoricalHinge;
import org.tensorflow.framework.losses.CosineSimilarity;
import org.tensorflow.framework.losses.Hinge;
import org.tensorflow.framework.losses.Huber;
import org.tensorflow.framework.losses.KLDivergence;
import org.tensorflow.framework.losses.LogCosh;
import org.tensorflow.framework.losses.MeanAbsoluteError;
import org.tensorflow.framework.losses.MeanAbsolutePercentageError;
import org.tensorflow.framework.losses.MeanSquaredError;
import org.tensorflow.framework.losses.MeanSquaredLogarithmicError;
import org.tensorflow.framework.losses.Poisson;
import org.tensorflow.framework.losses.Reduction;
import org.tensorflow.framework.losses.SquaredHinge;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;

/** The framework's losses against ours, and against their formulas in double precision. */
class FrameworkLossTest {
  private static final Reduction NONE = Reduction.NONE;

  @ParameterizedTest
  @CsvSource({"0, 6, 10", "0.1, 6, 10", "0.3, 1, 2", "0.1, 5, 3"})
  void categoricalCrossentropy_equalsOurs(float smoothing, int n, int classes) {
    double[][] outputs = LossCheck.outputs(n, classes);
    for (double[][] targets :
        new double[][][] {LossCheck.oneHot(n, classes), LossCheck.distributions(n, classes)}) {
      double[][] theirs =
          LossCheck.run(
              FrameworkLoss.ofLogits(new CategoricalCrossentropy(true, smoothing, NONE)),
              outputs,
              targets);
      double[][] ours =
          LossCheck.run(CrossEntropy.create().labelSmoothing(smoothing), outputs, targets);
      for (int i = 0; i < n; i++) {
        assertThat(theirs[i]).containsExactly(ours[i], Offset.offset(1e-6));
      }
    }
  }

  private record Case(FrameworkLoss loss, Formula formula) {
    @Override
    public String toString() {
      return loss.loss().getClass().getSimpleName();
    }
  }

  /** The mean over the classes of a function of prediction and target. */
  private static Formula mean(DoubleBinaryOperator term) {
    return (p, t) ->
        IntStream.range(0, p.length)
            .mapToDouble(k -> term.applyAsDouble(p[k], t[k]))
            .average()
            .orElseThrow();
  }

  private static Formula sum(DoubleBinaryOperator term) {
    return (p, t) -> p.length * mean(term).of(p, t);
  }

  private static Case logits(org.tensorflow.framework.losses.Loss loss, Formula formula) {
    return new Case(FrameworkLoss.ofLogits(loss), formula);
  }

  private static Case probabilities(org.tensorflow.framework.losses.Loss loss, Formula formula) {
    return new Case(
        FrameworkLoss.ofProbabilities(loss), (x, t) -> formula.of(LossCheck.softmax(x), t));
  }

  /** Formulas from Keras's documentation; epsilon is 1e-7 there and here. */
  static Stream<Case> losses() {
    double epsilon = 1e-7;
    return Stream.of(
        logits(
            new BinaryCrossentropy(true, 0.2f, NONE),
            mean(
                (x, t) -> {
                  double smoothed = t * 0.8 + 0.1;
                  double p = 1 / (1 + Math.exp(-x));
                  return -smoothed * Math.log(p) - (1 - smoothed) * Math.log(1 - p);
                })),
        probabilities(
            new BinaryCrossentropy(false, 0, NONE),
            mean((p, t) -> -t * Math.log(p + epsilon) - (1 - t) * Math.log(1 - p + epsilon))),
        probabilities(new CategoricalCrossentropy(false, 0, NONE), sum((p, t) -> -t * Math.log(p))),
        logits(
            new CategoricalHinge(NONE),
            (x, t) -> {
              double own = IntStream.range(0, x.length).mapToDouble(k -> t[k] * x[k]).sum();
              double other =
                  IntStream.range(0, x.length)
                      .mapToDouble(k -> (1 - t[k]) * x[k])
                      .max()
                      .orElseThrow();
              return Math.max(0, 1 + other - own);
            }),
        logits(
            new CosineSimilarity(NONE),
            (x, t) ->
                -sum((a, b) -> a * b).of(x, t)
                    / Math.sqrt(sum((a, b) -> a * a).of(x, t) * sum((a, b) -> b * b).of(x, t))),
        logits(new Hinge(NONE), mean((x, t) -> Math.max(0, 1 - (2 * t - 1) * x))),
        logits(
            new Huber(null, 0.4f, NONE),
            mean(
                (x, t) -> {
                  double e = Math.abs(x - t);
                  return e <= 0.4 ? e * e / 2 : 0.4 * e - 0.08;
                })),
        probabilities(
            new KLDivergence(NONE),
            sum(
                (p, t) ->
                    Math.max(t, epsilon) * Math.log(Math.max(t, epsilon) / Math.max(p, epsilon)))),
        logits(new LogCosh(NONE), mean((x, t) -> Math.log(Math.cosh(x - t)))),
        probabilities(new MeanAbsoluteError(NONE), mean((p, t) -> Math.abs(p - t))),
        logits(
            new MeanAbsolutePercentageError(NONE),
            mean((x, t) -> 100 * Math.abs(x - t) / Math.max(t, epsilon))),
        probabilities(new MeanSquaredError(NONE), mean((p, t) -> (p - t) * (p - t))),
        probabilities(
            new MeanSquaredLogarithmicError(NONE),
            mean((p, t) -> Math.pow(Math.log(p + 1) - Math.log(t + 1), 2))),
        probabilities(new Poisson(NONE), mean((p, t) -> p - t * Math.log(p + epsilon))),
        logits(
            new SquaredHinge(NONE), mean((x, t) -> Math.pow(Math.max(0, 1 - (2 * t - 1) * x), 2))));
  }

  @ParameterizedTest
  @MethodSource("losses")
  void everyLoss_equalsItsFormula(Case tested) {
    boolean binary = tested.toString().endsWith("Hinge");
    LossCheck.check(
        tested.loss(),
        tested.formula(),
        LossCheck.outputs(5, 4),
        binary ? LossCheck.oneHot(5, 4) : LossCheck.distributions(5, 4));
  }

  @Test
  void lossThatReduces_isRefused() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Placeholder<TFloat32> x = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, 3)));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> FrameworkLoss.ofLogits(new Huber()).apply(tf, x, x))
          .withMessage(
              "Huber must give one number for each example, got shape []; create it with"
                  + " Reduction.NONE");
    }
  }
}
