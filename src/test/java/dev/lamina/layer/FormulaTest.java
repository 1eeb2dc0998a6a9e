package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.graph.Floats;
import dev.lamina.graph.Precision;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TFloating;

/** Activations in training that have a gradient of their own and are compiled. */
class FormulaTest {
  private static final float[] X = {
    -60, -10, -4, -3, -2.5f, -1, -0.5f, -0.125f, 0, 0.25f, 1, 3, 5, 70
  };

  @ParameterizedTest
  // bfloat16 has 8 bits: the result is rounded, and so may be what comes before it.
  @CsvSource({"FLOAT32, 1e-6", "BFLOAT16, 0.01"})
  void gelu(Precision precision, double error) {
    check(
        Activation.GELU,
        precision,
        error,
        x -> x * phi(x),
        x -> phi(x) + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI));
  }

  @ParameterizedTest
  @CsvSource({"FLOAT32, 1e-6", "BFLOAT16, 0.01"})
  void silu(Precision precision, double error) {
    check(
        Activation.SILU,
        precision,
        error,
        x -> x / (1 + Math.exp(-x)),
        x -> (1 + Math.exp(-x) + x * Math.exp(-x)) / Math.pow(1 + Math.exp(-x), 2));
  }

  @ParameterizedTest
  @CsvSource({"FLOAT32, 1e-6", "BFLOAT16, 0.01"})
  void hardSwish(Precision precision, double error) {
    check(
        Activation.HARD_SWISH,
        precision,
        error,
        x -> x < -3 ? 0 : x > 3 ? x : x * (x + 3) / 6,
        x -> x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6);
  }

  private static void check(
      Activation activation,
      Precision precision,
      double error,
      DoubleUnaryOperator value,
      DoubleUnaryOperator derivative) {
    // What comes from a convolution has its type.
    Layer layer = Sequential.of(Conv2d.of(1, 1).bias(false), activation);
    try (BuiltLayer built = new BuiltLayer(layer, Shape.of(1, 1, 1), precision)) {
      built.assign(Map.of("0.weight", new float[] {1}));
      Ops tf = built.session.ops();
      // dy is 2, so a gradient that leaves it out is not the one that is due.
      Operand<TFloating> twice =
          tf.math.mul(Floats.asFloating(built.trained), Floats.asFloating(tf.constant(2f)));
      Map<Output<?>, Operand<TFloating>> gradients =
          built.training.backward().gradients(twice, List.of(built.x.asOutput()));
      try (TFloat32 batch = built.batch(X);
          TInt64 key = TInt64.vectorOf(7, 0);
          var result =
              built
                  .feed(batch, key)
                  .fetch(built.trained)
                  .fetch(gradients.get(built.x.asOutput()))
                  .run()) {
        TFloat32 y = (TFloat32) result.get(0);
        TFloat32 dx = (TFloat32) result.get(1);
        for (int i = 0; i < X.length; i++) {
          assertThat((double) y.getFloat(i, 0, 0, 0))
              .isCloseTo(value.applyAsDouble(X[i]), within(error * Math.max(1, Math.abs(X[i]))));
          assertThat((double) dx.getFloat(i, 0, 0, 0))
              .isCloseTo(2 * derivative.applyAsDouble(X[i]), within(2 * error));
        }
      }
    }
  }

  /** The integral of the density from far left, by Simpson's rule. */
  private static double phi(double x) {
    double from = -12;
    if (x <= from) {
      return 0;
    }
    int steps = 4000;
    double width = (Math.min(x, 12) - from) / steps;
    double sum = 0;
    for (int i = 0; i <= steps; i++) {
      double at = from + i * width;
      sum += (i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2) * Math.exp(-at * at / 2);
    }
    return sum * width / 3 / Math.sqrt(2 * Math.PI);
  }

  @Test
  void isCompiledInTrainingOnly() {
    try (BuiltLayer built = new BuiltLayer(Activation.GELU, Shape.of(3))) {
      built.training.backward().gradients(built.trained, List.of(built.x.asOutput()));
      // Phi takes four operations, the density four.
      assertThat(compiled(built, "train/forward")).isEqualTo(4 + 1);
      assertThat(compiled(built, "train/backward")).isEqualTo(4 + 4 + 3);
      assertThat(
              built.session.graph().toGraphDef().getNodeList().stream()
                  .filter(node -> node.containsAttr("_XlaCompile"))
                  .filter(node -> node.getName().startsWith("infer")))
          .isEmpty();
    }
  }

  private static long compiled(BuiltLayer built, String cluster) {
    return built.session.graph().toGraphDef().getNodeList().stream()
        .filter(node -> node.containsAttr("_XlaScope"))
        .filter(node -> node.getAttrOrThrow("_XlaScope").getS().toStringUtf8().equals(cluster))
        .count();
  }
}
