package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.framework.activations.AbstractActivation;
import org.tensorflow.framework.activations.ELU;
import org.tensorflow.framework.activations.Exponential;
import org.tensorflow.framework.activations.GELU;
import org.tensorflow.framework.activations.HardSigmoid;
import org.tensorflow.framework.activations.Linear;
import org.tensorflow.framework.activations.ReLU;
import org.tensorflow.framework.activations.SELU;
import org.tensorflow.framework.activations.Sigmoid;
import org.tensorflow.framework.activations.Softmax;
import org.tensorflow.framework.activations.Softplus;
import org.tensorflow.framework.activations.Softsign;
import org.tensorflow.framework.activations.Swish;
import org.tensorflow.framework.activations.Tanh;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Every activation of TensorFlow Java's framework library, as the body of a {@link Lambda}. */
class FrameworkActivationTest {

  private record Case(AbstractActivation activation, UnaryOperator<double[]> formula) {
    @Override
    public String toString() {
      return activation.getName();
    }
  }

  private static Case of(AbstractActivation activation, DoubleUnaryOperator formula) {
    return new Case(activation, x -> Arrays.stream(x).map(formula).toArray());
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /** Formulas from Keras's documentation. */
  static Stream<Case> activations() {
    return Stream.of(
        of(new ELU(), x -> x > 0 ? x : Math.expm1(x)),
        of(new Exponential(), Math::exp),
        of(
            new GELU(true),
            x -> x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))),
        of(new HardSigmoid(), x -> Math.max(0, Math.min(1, 0.2 * x + 0.5))),
        of(new Linear(), x -> x),
        of(new ReLU(), x -> Math.max(0, x)),
        of(new SELU(), x -> 1.05070098 * (x > 0 ? x : 1.67326324 * Math.expm1(x))),
        of(new Sigmoid(), FrameworkActivationTest::sigmoid),
        new Case(
            new Softmax(),
            x -> {
              double sum = Arrays.stream(x).map(Math::exp).sum();
              return Arrays.stream(x).map(v -> Math.exp(v) / sum).toArray();
            }),
        of(new Softplus(), x -> Math.log1p(Math.exp(x))),
        of(new Softsign(), x -> x / (1 + Math.abs(x))),
        of(new Swish(), x -> x * sigmoid(x)),
        of(new Tanh(), Math::tanh));
  }

  @ParameterizedTest
  @MethodSource("activations")
  void inALambda_equalsItsFormula_asDoesItsGradient(Case tested) {
    Lambda layer = Lambda.of("activation", tested.activation()::call);
    double[] x = {-3.25, -1.5, -0.375, 0.125, 0.75, 2.875};
    double[] slopes = new double[x.length];
    double[] factors = {1, -2, 0.5, 3, -1, 0.25};
    for (int i = 0; i < x.length; i++) {
      double[] right = x.clone();
      double[] left = x.clone();
      right[i] += 1e-5;
      left[i] -= 1e-5;
      double[] above = tested.formula().apply(right);
      double[] below = tested.formula().apply(left);
      for (int j = 0; j < x.length; j++) {
        slopes[i] += factors[j] * (above[j] - below[j]) / 2e-5;
      }
    }
    double[][] actual = run(layer, x, factors);
    assertThat(actual[0]).containsExactly(tested.formula().apply(x), Offset.offset(2e-6));
    assertThat(actual[1]).containsExactly(slopes, Offset.offset(5e-6));
  }

  /** Returns the outputs, and the gradient of their sum times the factors. */
  private static double[][] run(Lambda layer, double[] x, double[] factors) {
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      Operand<TFloat32> input = tf.identity(row(tf, x));
      Operand<TFloat32> output = layer.body().apply(tf, input);
      Operand<TFloat32> sum =
          tf.reduceSum(tf.math.mul(output, row(tf, factors)), tf.constant(new int[] {0, 1}));
      Output<?>[] slopes = graph.addGradients(sum.asOutput(), new Output<?>[] {input.asOutput()});
      try (Result result = session.runner().fetch(output).fetch(slopes[0]).run()) {
        double[][] rows = new double[2][x.length];
        for (int i = 0; i < x.length; i++) {
          rows[0][i] = ((TFloat32) result.get(0)).getFloat(0, i);
          rows[1][i] = ((TFloat32) result.get(1)).getFloat(0, i);
        }
        return rows;
      }
    }
  }

  private static Operand<TFloat32> row(Ops tf, double[] values) {
    return tf.dtypes.cast(tf.constant(new double[][] {values}), TFloat32.class);
  }
}
