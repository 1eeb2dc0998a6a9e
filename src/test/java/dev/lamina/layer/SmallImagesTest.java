package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.graph.Device;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Precision;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

class SmallImagesTest {
  @ParameterizedTest
  @CsvSource({
    "FLOAT32, 1, 1, 1, 3, 5, 1e-6",
    "FLOAT32, 3, 3, 3, 16, 8, 1e-6",
    "FLOAT32, 2, 2, 6, 4, 7, 1e-6",
    "FLOAT32, 5, 4, 3, 1, 1, 1e-6",
    // The result is rounded to 8 bits, and so are partial sums without bfloat16 instructions.
    "BFLOAT16, 3, 3, 3, 16, 8, 1e-2",
    "BFLOAT16, 1, 2, 6, 4, 7, 1e-2"
  })
  void filterGradient_isThatOfTheDefinition(
      Precision precision, int n, int height, int width, int in, int out, double error) {
    // Sixteenths, which bfloat16 holds exactly.
    float[] x = sixteenths(1, n * height * width * in);
    float[] dy = sixteenths(2, n * height * width * out);
    double[] expected = new double[9 * in * out];
    for (int pixel = 0; pixel < n * height * width; pixel++) {
      for (int tap = 0; tap < 9; tap++) {
        int row = pixel / width % height + tap / 3 - 1;
        int column = pixel % width + tap % 3 - 1;
        if (row >= 0 && row < height && column >= 0 && column < width) {
          int under = pixel + (tap / 3 - 1) * width + tap % 3 - 1;
          for (int i = 0; i < in; i++) {
            for (int o = 0; o < out; o++) {
              expected[(tap * in + i) * out + o] +=
                  (double) x[under * in + i] * dy[pixel * out + o];
            }
          }
        }
      }
    }
    float[] actual;
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Ops tf = session.ops();
      Shape weight = Shape.of(3, 3, in, out);
      Operand<TFloating> gradient =
          SmallImages.filterGradient(
              tf,
              constant(tf, precision, x, n, height, width, in),
              constant(tf, precision, dy, n, height, width, out),
              weight);
      assertThat(gradient.type()).isEqualTo(precision.type());
      assertThat(gradient.shape()).isEqualTo(weight);
      actual = session.fetch(Floats.expectFloat32(Floats.cast(tf, gradient, TFloat32.class)));
    }
    double largest = 0;
    for (double value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) actual[i]).isCloseTo(expected[i], within(error * largest));
    }
  }

  private static float[] sixteenths(long seed, int size) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = random.nextInt(-16, 17) / 16f;
    }
    return values;
  }

  private static Operand<TFloating> constant(
      Ops tf, Precision precision, float[] values, long... shape) {
    return Floats.cast(
        tf,
        tf.reshape(Floats.asFloating(tf.constant(values)), tf.constant(shape)),
        precision.type());
  }

  @Test
  void convolution_takesIt() {
    try (BuiltLayer built = new BuiltLayer(Conv2d.of(128, 3), Shape.of(4, 4, 128))) {
      List<Output<TFloat32>> reads =
          built.training.reads().values().stream().map(Operand::asOutput).toList();
      built.training.backward().gradients(built.trained, reads);
      assertThat(built.session.graph().toGraphDef().getNodeList())
          .extracting(NodeDef::getOp)
          .doesNotContain("Conv2DBackpropFilter")
          .filteredOn("MatMul"::equals)
          .hasSize(9);
    }
  }

  @Test
  void pays_forManyChannelsAndImagesThatAreTooSmallForWinograd() {
    Conv2d layer = Conv2d.of(128, 3);
    assertThat(SmallImages.pays(layer, Shape.of(6, 3, 128))).isTrue();
    assertThat(SmallImages.pays(layer, Shape.of(6, 7, 128))).isFalse();
    assertThat(SmallImages.pays(layer, Shape.of(6, 3, 127))).isFalse();
    assertThat(SmallImages.pays(layer.stride(2), Shape.of(4, 4, 128))).isFalse();
    assertThat(SmallImages.pays(layer.padding(Padding.VALID), Shape.of(4, 4, 128))).isFalse();
    assertThat(SmallImages.pays(layer.groups(2), Shape.of(4, 4, 128))).isFalse();
    assertThat(SmallImages.pays(Conv2d.of(128, 5), Shape.of(4, 4, 128))).isFalse();
  }
}
