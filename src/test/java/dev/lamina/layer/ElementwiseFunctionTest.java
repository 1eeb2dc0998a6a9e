package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.graph.Context;
import dev.lamina.graph.Device;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphSession;
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
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TFloating;

/** Activations in training that have a gradient of their own and are compiled. */
class ElementwiseFunctionTest {
  /** Large enough to be compiled. */
  private static final Shape IMAGE = Shape.of(32, 32, 1);

  private static final float[] X = values();

  /** Sixteenths from -8 to 8, which bfloat16 holds exactly, and some far from 0. */
  private static float[] values() {
    float[] values = new float[(int) IMAGE.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i % 256 - 128) / 16f;
    }
    values[0] = -60;
    values[1] = 70;
    values[2] = 300;
    return values;
  }

  @ParameterizedTest
  // bfloat16 has 8 bits: up to six results, of about 1, are rounded by 2^-9 of their size. The
  // gradient, of up to 2.3, is rounded once: by 2^-7 at most.
  @CsvSource({"FLOAT32, 1e-6, 1e-6", "BFLOAT16, 0.016, 0.004"})
  void valueAndGradient_areThoseOfTheFormulas(
      Precision precision, double error, double gradientError) {
    check(
        Activation.GELU,
        precision,
        error,
        gradientError,
        x -> x * phi(x),
        x -> phi(x) + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI));
    check(
        Activation.SILU,
        precision,
        error,
        gradientError,
        x -> x / (1 + Math.exp(-x)),
        x -> (1 + Math.exp(-x) + x * Math.exp(-x)) / Math.pow(1 + Math.exp(-x), 2));
    check(
        Activation.HARD_SWISH,
        precision,
        error,
        gradientError,
        x -> x < -3 ? 0 : x > 3 ? x : x * (x + 3) / 6,
        x -> x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6);
  }

  /** The square of 300 is no number of float16, nor is infinity times 0 in the gradient. */
  @Test
  void geluTanh_hasGradientsInFloat16() {
    double scale = Math.sqrt(2 / Math.PI);
    DoubleUnaryOperator tanh = x -> Math.tanh(scale * (x + 0.044715 * x * x * x));
    check(
        Activation.GELU_TANH,
        Precision.FLOAT16,
        0.004,
        0.004,
        x -> x / 2 * (1 + tanh.applyAsDouble(x)),
        x -> {
          double t = tanh.applyAsDouble(x);
          double slope = scale * (1 + 3 * 0.044715 * x * x);
          return (1 + t) / 2 + x / 2 * (1 - t * t) * slope;
        });
  }

  private static void check(
      Activation activation,
      Precision precision,
      double error,
      double gradientError,
      DoubleUnaryOperator value,
      DoubleUnaryOperator derivative) {
    // What comes from a convolution has its type.
    Layer layer = Sequential.of(Conv2d.of(1, 1).bias(false), activation);
    try (BuiltLayer built = new BuiltLayer(layer, IMAGE, precision)) {
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
          assertThat((double) y.getFloat(0, i / 32, i % 32, 0))
              .isCloseTo(value.applyAsDouble(X[i]), within(error * Math.max(1, Math.abs(X[i]))));
          assertThat((double) dx.getFloat(0, i / 32, i % 32, 0))
              .isCloseTo(2 * derivative.applyAsDouble(X[i]), within(2 * gradientError));
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
  void isCompiled_inTrainingForImagesThatAreNotTiny() {
    try (BuiltLayer built = new BuiltLayer(Activation.GELU, IMAGE)) {
      built.training.backward().gradients(built.trained, List.of(built.x.asOutput()));
      // Phi takes four operations, the density four.
      assertThat(built.clusters()).filteredOn("train/forward"::equals).hasSize(4 + 1);
      assertThat(built.clusters()).filteredOn("train/backward"::equals).hasSize(4 + 4 + 3);
      assertThat(built.clusters()).noneMatch(name -> name.startsWith("infer"));
    }
    try (BuiltLayer built = new BuiltLayer(Activation.GELU, Shape.of(1, 1, 1023))) {
      built.training.backward().gradients(built.trained, List.of(built.x.asOutput()));
      assertThat(built.clusters()).isEmpty();
    }
  }

  @Test
  void isNotCompiled_inAFrozenLayer() {
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Ops tf = session.ops();
      Placeholder<TFloat32> x =
          tf.placeholder(TFloat32.class, Placeholder.shape(IMAGE.prepend(-1)));
      Context context =
          Context.training(
              session, tf.constant(new long[] {1, 2}), Precision.FLOAT32, layer -> true);
      Operand<TFloating> y = Activation.GELU.apply(context, Floats.asFloating(x));
      assertThat(context.backward().gradients(y, List.of(x.asOutput()))).hasSize(1);
      assertThat(session.graph().toGraphDef().getNodeList())
          .noneMatch(node -> node.containsAttr("_XlaCompile"));
    }
  }
}
