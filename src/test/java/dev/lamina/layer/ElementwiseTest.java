package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.tensorflow.ndarray.Shape;

class ElementwiseTest {
  /** Beyond 3, where two have a kink. */
  private static final Map<Layer, DoubleUnaryOperator> WIDE =
      Map.of(
          Activation.GELU_TANH,
          x -> x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
          Celu.of(0.75),
          x -> Math.max(x, 0) + Math.min(0, 0.75 * (Math.exp(x / 0.75) - 1)),
          Activation.HARD_SIGMOID,
          x -> Math.min(Math.max(x / 6 + 0.5, 0), 1),
          Activation.HARD_SWISH,
          x -> x < -3 ? 0 : x > 3 ? x : x * (x + 3) / 6);

  private static final Map<Layer, DoubleUnaryOperator> FORMULAS =
      Map.of(
          Activation.RELU,
          x -> Math.max(x, 0),
          Activation.LEAKY_RELU,
          x -> x > 0 ? x : 0.01 * x,
          Activation.ELU,
          x -> x > 0 ? x : Math.exp(x) - 1,
          Activation.GELU,
          x -> x * (1 + erf(x / Math.sqrt(2))) / 2,
          Activation.SILU,
          x -> x / (1 + Math.exp(-x)),
          Activation.SIGMOID,
          x -> 1 / (1 + Math.exp(-x)),
          Activation.TANH,
          Math::tanh,
          Rescale.of(2.5),
          x -> 2.5 * x,
          Rescale.of(0.25).offset(-3),
          x -> 0.25 * x - 3,
          Lambda.of("cube", (tf, x) -> tf.math.mul(x, tf.math.square(x))),
          x -> x * x * x);

  @Test
  void agreesWithFormulas() {
    Shape input = Shape.of(3, 5, 2);
    float[] x = LayerContract.inputs(3, input);
    FORMULAS.forEach((layer, formula) -> check(layer, formula, input, x));
    for (int i = 0; i < x.length; i++) {
      x[i] *= 3;
    }
    WIDE.forEach((layer, formula) -> check(layer, formula, input, x));
  }

  private static void check(Layer layer, DoubleUnaryOperator formula, Shape input, float[] x) {
    float[] y = infer(layer, input, x);
    for (int i = 0; i < x.length; i++) {
      assertThat((double) y[i])
          .as(layer.kind())
          .isCloseTo(formula.applyAsDouble(x[i]), within(2e-6));
    }
  }

  @Test
  void softmax_alongLastDimension() {
    for (Shape input : new Shape[] {Shape.of(3, 5, 4), Shape.of(4)}) {
      float[] x = LayerContract.inputs(3, input);
      float[] y = infer(Activation.SOFTMAX, input, x);
      for (int row = 0; row < x.length; row += 4) {
        double sum = 0;
        for (int i = row; i < row + 4; i++) {
          sum += Math.exp(x[i]);
        }
        for (int i = row; i < row + 4; i++) {
          assertThat((double) y[i]).isCloseTo(Math.exp(x[i]) / sum, within(1e-6));
        }
      }
    }
  }

  @Test
  void normalize_byChannel() {
    double[] mean = {0.4, -1};
    double[] std = {0.5, 3};
    for (Shape input : List.of(Shape.of(3, 5, 2), Shape.of(2))) {
      float[] x = LayerContract.inputs(3, input);
      float[] y = infer(Normalize.of(mean, std), input, x);
      assertThat(y).hasSameSizeAs(x);
      for (int i = 0; i < x.length; i++) {
        assertThat((double) y[i]).isCloseTo((x[i] - mean[i % 2]) / std[i % 2], within(1e-6));
      }
    }
  }

  @Test
  void branches() {
    Shape input = Shape.of(3, 1, 2);
    float[] x = LayerContract.inputs(2, input);
    float[] sum = infer(Add.of(Sequential.of(), Rescale.of(2), Rescale.of(10)), input, x);
    float[] rows = infer(Concat.of(Rescale.of(2), Sequential.of()), input, x);
    assertThat(rows).hasSize(2 * x.length);
    for (int i = 0; i < x.length; i++) {
      assertThat((double) sum[i]).isCloseTo(13 * x[i], within(1e-5));
      int position = i / 2;
      int channel = i % 2;
      assertThat(rows[position * 4 + channel]).isEqualTo(2 * x[i]);
      assertThat(rows[position * 4 + 2 + channel]).isEqualTo(x[i]);
    }
  }

  /** With weights by hand: of two channels, the gate of each is the sigmoid of the other's mean. */
  @Test
  void squeezeExcitation_ofTwoChannels() {
    Shape input = Shape.of(3, 1, 2);
    float[] x = {1, 4, 2, 5, 6, 0, -1, 1, -1, 2, -4, 3};
    Layer layer = SqueezeExcitation.of(2).activations(Activation.LEAKY_RELU, Activation.SIGMOID);
    try (BuiltLayer built = new BuiltLayer(layer, input)) {
      built.assign(
          Map.of(
              "fc1.weight",
              new float[] {0, 1, 1, 0},
              "fc1.bias",
              new float[2],
              "fc2.weight",
              new float[] {1, 0, 0, 1},
              "fc2.bias",
              new float[] {0, 1}));
      float[] y = built.infer(x);
      // The means are 3 and 3 in the first image, -2 and 2 in the second.
      double[][] gates = {{sigmoid(3), sigmoid(3 + 1)}, {sigmoid(2), sigmoid(-0.02 + 1)}};
      for (int i = 0; i < x.length; i++) {
        assertThat((double) y[i]).isCloseTo(x[i] * gates[i / 6][i % 2], within(1e-6));
      }
    }
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  @Test
  void zeroPad_perSide() {
    float[] y = infer(ZeroPad.of(0).top(1).left(2).right(1), Shape.of(2, 1, 1), new float[] {5, 6});
    assertThat(y).containsExactly(0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 6, 0);
    assertThat(infer(ZeroPad.of(1), Shape.of(1, 1, 1), new float[] {5}))
        .containsExactly(0, 0, 0, 0, 5, 0, 0, 0, 0);
    assertThat(infer(ZeroPad.of(0).bottom(2), Shape.of(1, 1, 2), new float[] {5, 6}))
        .containsExactly(5, 6, 0, 0, 0, 0);
  }

  @Test
  void lambda_changesShape() {
    Layer crop =
        Lambda.of(
            "crop",
            (tf, x) ->
                tf.slice(
                    x, tf.constant(new int[] {0, 1, 0, 0}), tf.constant(new int[] {-1, 1, 2, 1})));
    assertThat(crop.outputShape(Shape.of(3, 2, 1))).isEqualTo(Shape.of(1, 2, 1));
    assertThat(infer(crop, Shape.of(3, 2, 1), new float[] {1, 2, 3, 4, 5, 6}))
        .containsExactly(3, 4);
  }

  private static float[] infer(Layer layer, Shape input, float[] x) {
    try (BuiltLayer built = new BuiltLayer(layer, input)) {
      return built.infer(x);
    }
  }

  /** The Maclaurin series, which has converged after 40 terms for arguments up to 2. */
  private static double erf(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; n < 40; n++) {
      term *= -x * x / n;
      sum += term / (2 * n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }
}
