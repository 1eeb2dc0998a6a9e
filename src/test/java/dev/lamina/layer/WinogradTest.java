package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.graph.Context;
import dev.lamina.graph.Device;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Precision;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TFloating;

/** Winograd's form against the definition of a convolution and of its two gradients. */
class WinogradTest {
  /** Three times what the direct form loses (1.6e-7 relative), and room for small sums. */
  private static final double FLOAT32_ERROR = 1e-6;

  /**
   * NumPy, rounding to bfloat16 where this does, loses 1.2 % to 1.5 % with 64 channels; the rest is
   * for x, which here is rounded too, and for small sums.
   */
  private static final double BFLOAT16_ERROR = 0.02;

  /** The relative rounding error of bfloat16, whose significand has 8 bits. */
  private static final double BFLOAT16_ROUNDING = 0x1p-9;

  /** What a batch of one shape holds: x, w and the gradient of the output, and what is due. */
  private static final class Case {
    final int n;
    final int height;
    final int width;
    final int in;
    final int out;
    final float[] x;
    final float[] w;
    final float[] dy;
    final double[] y;
    final double[] dx;
    final double[] dw;

    Case(int n, int height, int width, int in, int out) {
      this.n = n;
      this.height = height;
      this.width = width;
      this.in = in;
      this.out = out;
      SplittableRandom random = new SplittableRandom(n + height * 10L + in * 1000L);
      x = random(random, n * height * width * in);
      w = random(random, 9 * in * out);
      dy = random(random, n * height * width * out);
      y = new double[dy.length];
      dx = new double[x.length];
      dw = new double[w.length];
      for (int image = 0; image < n; image++) {
        for (int row = 0; row < height; row++) {
          for (int column = 0; column < width; column++) {
            for (int tap = 0; tap < 9; tap++) {
              int fromRow = row + tap / 3 - 1;
              int fromColumn = column + tap % 3 - 1;
              if (fromRow >= 0 && fromRow < height && fromColumn >= 0 && fromColumn < width) {
                products(
                    ((image * height + row) * width + column) * out,
                    ((image * height + fromRow) * width + fromColumn) * in,
                    tap * in * out);
              }
            }
          }
        }
      }
    }

    private void products(int toY, int fromX, int fromW) {
      for (int i = 0; i < in; i++) {
        for (int o = 0; o < out; o++) {
          int weight = fromW + i * out + o;
          y[toY + o] += (double) x[fromX + i] * w[weight];
          dx[fromX + i] += (double) dy[toY + o] * w[weight];
          dw[weight] += (double) dy[toY + o] * x[fromX + i];
        }
      }
    }

    private static float[] random(SplittableRandom random, int size) {
      float[] values = new float[size];
      for (int i = 0; i < size; i++) {
        values[i] = (float) random.nextDouble(-1, 1);
      }
      return values;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 4, 4, 1, 1",
    "1, 8, 8, 3, 2",
    "3, 4, 12, 5, 7",
    "2, 16, 8, 2, 3",
    "2, 24, 24, 3, 2",
    "1, 1, 2, 1, 2",
    "2, 7, 15, 3, 5",
    "3, 13, 10, 2, 3",
    "1, 64, 20, 2, 3"
  })
  void valuesAndGradientsAreThoseOfTheDefinition(int n, int height, int width, int in, int out) {
    checkValuesAndGradients(new Case(n, height, width, in, out), Precision.FLOAT32, FLOAT32_ERROR);
  }

  @ParameterizedTest
  @CsvSource({"1, 8, 8, 64, 32", "3, 4, 12, 33, 31"})
  void bfloat16_losesNoMoreThanItsRoundingExplains(int n, int height, int width, int in, int out) {
    checkValuesAndGradients(
        new Case(n, height, width, in, out),
        Precision.BFLOAT16,
        BFLOAT16_ERROR * Math.max(1, productError(in) / BFLOAT16_ROUNDING));
  }

  /**
   * The relative error of a plain product in bfloat16 on this machine. Kernels for processors
   * without bfloat16 instructions also round their partial sums, so it is several times the
   * rounding of the result, and so is that of every algorithm built on it.
   */
  private static double productError(int terms) {
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Ops tf = session.ops();
      Operand<TBfloat16> a = randomBfloat16(tf, terms, 1, 36, 8, terms);
      Operand<TBfloat16> b = randomBfloat16(tf, terms, 2, 36, terms, 32);
      Operand<TFloat64> product =
          tf.dtypes.cast(tf.linalg.einsum(List.of(a, b), "pti,pio->pto"), TFloat64.class);
      Operand<TFloat64> exact =
          tf.linalg.einsum(
              List.of(tf.dtypes.cast(a, TFloat64.class), tf.dtypes.cast(b, TFloat64.class)),
              "pti,pio->pto");
      Operand<TInt32> all = tf.constant(new int[] {0, 1, 2});
      Operand<TFloat64> error =
          tf.math.sqrt(
              tf.math.div(
                  tf.reduceSum(tf.math.squaredDifference(product, exact), all),
                  tf.reduceSum(tf.math.square(exact), all)));
      try (var result = session.run(runner -> runner.fetch(error))) {
        return ((TFloat64) result.get(0)).getDouble();
      }
    }
  }

  private static Operand<TBfloat16> randomBfloat16(Ops tf, long seed, long key, int... shape) {
    return tf.dtypes.cast(
        tf.random.statelessRandomNormal(tf.constant(shape), tf.constant(new long[] {seed, key})),
        TBfloat16.class);
  }

  private static void checkValuesAndGradients(Case c, Precision precision, double error) {
    try (GraphSession session = new GraphSession(Device.cpu());
        TFloat32 xValue = tensor(Shape.of(c.n, c.height, c.width, c.in), c.x);
        TFloat32 wValue = tensor(Shape.of(3, 3, c.in, c.out), c.w);
        TFloat32 dyValue = tensor(Shape.of(c.n, c.height, c.width, c.out), c.dy)) {
      Ops tf = session.ops();
      Context context = Context.training(session, tf.constant(new long[] {1, 2}), precision);
      Placeholder<TFloat32> x =
          tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, c.height, c.width, c.in)));
      Placeholder<TFloat32> w =
          tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(3, 3, c.in, c.out)));
      Placeholder<TFloat32> dy =
          tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, c.height, c.width, c.out)));
      Operand<TFloating> narrow =
          Winograd.convolve(
              context,
              Floats.cast(tf, Floats.asFloating(x), precision.type()),
              Floats.asFloating(w));
      assertThat(narrow.type()).isEqualTo(precision.type());
      assertThat(narrow.shape().asArray()).containsExactly(-1, c.height, c.width, c.out);
      Operand<TFloating> y = Floats.cast(tf, narrow, TFloat32.class);
      // The sum of its products with dy has dy for its gradient by y.
      Map<Output<?>, Operand<TFloating>> gradients =
          context
              .backward()
              .gradients(
                  tf.math.mul(y, Floats.asFloating(dy)), List.of(x.asOutput(), w.asOutput()));
      try (var result =
          session
              .runner()
              .feed(x, xValue)
              .feed(w, wValue)
              .feed(dy, dyValue)
              .fetch(y)
              .fetch(gradients.get(x.asOutput()))
              .fetch(gradients.get(w.asOutput()))
              .run()) {
        checkClose(result.get(0), c.y, error);
        checkClose(result.get(1), c.dx, error);
        checkClose(result.get(2), c.dw, error);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 4, 4, 1, 1", "3, 4, 12, 5, 7", "1, 5, 4, 23, 67"})
  void layer_takesWeightsTransformedBeforehand(int n, int height, int width, int in, int out) {
    Case c = new Case(n, height, width, in, out);
    Parameter weight = Conv2d.of(out, 3).parameters(Shape.of(height, width, in)).get(0);
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      Operand<TFloat32> x =
          tf.constant(Shape.of(n, height, width, in), DataBuffers.of(c.x, true, false));
      Operand<TFloat32> w =
          tf.constant(
              Winograd.transformed(weight).shape(),
              DataBuffers.of(Winograd.transformed(c.w), true, false));
      Operand<?> y =
          Layers.build(
              Context.frozen(tf, name -> w), Conv2d.of(out, 3).bias(false), Floats.asFloating(x));
      try (var result = session.runner().fetch(y).run()) {
        checkClose(result.get(0), c.y, FLOAT32_ERROR);
      }
    }
  }

  @Test
  void layer_trainsWithItOnlyForManyChannelsAndImagesThatAreNotTiny() {
    Conv2d layer = Conv2d.of(128, 3).bias(false);
    Shape input = Shape.of(8, 12, 128);
    assertThat(direct(layer, input, Precision.FLOAT32)).isFalse();
    assertThat(direct(layer, input, Precision.BFLOAT16)).isFalse();
    assertThat(direct(Conv2d.of(127, 3), input, Precision.FLOAT32)).isTrue();
    assertThat(direct(layer, Shape.of(8, 12, 127), Precision.FLOAT32)).isTrue();
    assertThat(direct(Conv2d.of(256, 3), Shape.of(15, 15, 64), Precision.FLOAT32)).isFalse();
    assertThat(direct(Conv2d.of(256, 3), Shape.of(15, 15, 63), Precision.FLOAT32)).isTrue();
    assertThat(direct(layer, Shape.of(7, 7, 128), Precision.FLOAT32)).isFalse();
    assertThat(direct(layer, Shape.of(6, 8, 128), Precision.FLOAT32)).isTrue();
    assertThat(direct(layer.stride(2), input, Precision.FLOAT32)).isTrue();
    assertThat(direct(layer.padding(Padding.VALID), input, Precision.FLOAT32)).isTrue();
    assertThat(direct(layer.groups(2), input, Precision.FLOAT32)).isTrue();
    assertThat(direct(Conv2d.of(128, 5), input, Precision.FLOAT32)).isTrue();
  }

  /**
   * Whether the layer is built from TensorFlow's own convolution in training; in inference always.
   */
  private static boolean direct(Conv2d layer, Shape input, Precision precision) {
    try (BuiltLayer built = new BuiltLayer(layer, input, precision)) {
      assertThat(usesConv2d(built, "infer")).isTrue();
      return usesConv2d(built, "train");
    }
  }

  private static boolean usesConv2d(BuiltLayer built, String phase) {
    return built.session.graph().toGraphDef().getNodeList().stream()
        .filter(node -> node.getName().startsWith(phase))
        .anyMatch(node -> node.getOp().equals("Conv2D"));
  }

  private static void checkClose(Tensor actual, double[] expected, double most) {
    float[] values = GraphSession.floats(actual);
    assertThat(values).hasSize(expected.length);
    double error = 0;
    double norm = 0;
    for (int i = 0; i < values.length; i++) {
      error += Math.pow(values[i] - expected[i], 2);
      norm += expected[i] * expected[i];
    }
    assertThat(Math.sqrt(error / norm)).isCloseTo(0, within(most));
  }

  private static TFloat32 tensor(Shape shape, float[] values) {
    return TFloat32.tensorOf(shape, DataBuffers.of(values, true, false));
  }
}
