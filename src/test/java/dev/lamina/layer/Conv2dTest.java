package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.graph.Parameter;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.ndarray.Shape;

class Conv2dTest {
  private static Stream<Conv2d> layers() {
    return Stream.of(1, 2, 4)
        .flatMap(
            groups ->
                Stream.of(Padding.values())
                    .flatMap(
                        padding ->
                            Stream.of(1, 2)
                                .map(
                                    stride ->
                                        Conv2d.of(8, 3)
                                            .groups(groups)
                                            .padding(padding)
                                            .stride(stride))));
  }

  @ParameterizedTest
  @MethodSource("layers")
  void agreesWithLoops(Conv2d layer) {
    checkAgainstLoops(layer, Shape.of(5, 8, 4), 3);
    checkAgainstLoops(layer, Shape.of(6, 3, 4), 1);
  }

  @Test
  void agreesWithLoops_evenKernel() {
    checkAgainstLoops(Conv2d.of(3, 2), Shape.of(5, 8, 1), 2);
    checkAgainstLoops(Conv2d.of(3, 4).stride(3), Shape.of(7, 5, 2), 1);
    checkAgainstLoops(Conv2d.of(3, 4).stride(3).padding(Padding.HALF), Shape.of(7, 5, 2), 1);
  }

  @Test
  void macs() {
    // 3 x 4 positions, 8 filters, each over 3 x 3 positions and 4 / 2 channels.
    assertThat(Conv2d.of(8, 3).stride(2).groups(2).macs(Shape.of(5, 8, 4)))
        .isEqualTo(3 * 4 * 8 * 9 * 2);
  }

  @Test
  void fans() {
    // An output sums 3 x 3 positions of 64 / 2 channels; an input reaches 3 x 3 of 96 / 2 filters.
    assertThat(Conv2d.of(96, 3).groups(2).parameters(Shape.of(7, 5, 64)))
        .allSatisfy(
            parameter -> {
              assertThat(parameter.fanIn()).isEqualTo(288);
              assertThat(parameter.fanOut()).isEqualTo(432);
            })
        .extracting(Parameter::shape)
        .containsExactly(Shape.of(3, 3, 32, 96), Shape.of(96));
  }

  private static void checkAgainstLoops(Conv2d layer, Shape input, int batch) {
    float[] x = LayerContract.inputs(batch, input);
    try (BuiltLayer built = new BuiltLayer(layer, input)) {
      built.assignRandomValues(11);
      float[] weight = built.value("weight");
      float[] bias = built.value("bias");
      double[] expected = convolve(layer, input, batch, x, weight, bias);
      float[] actual = built.infer(x);
      assertThat(actual).hasSize(expected.length);
      for (int i = 0; i < expected.length; i++) {
        // At most 36 products of magnitude 1: rounding stays under 36 x 6e-8.
        assertThat((double) actual[i]).isCloseTo(expected[i], within(3e-6));
      }
    }
  }

  private static double[] convolve(
      Conv2d layer, Shape input, int batch, float[] x, float[] weight, float[] bias) {
    int height = (int) input.get(0);
    int width = (int) input.get(1);
    int channels = (int) input.get(2);
    int k = layer.kernel();
    int stride = layer.stride();
    int filters = layer.filters();
    boolean same = layer.padding() == Padding.SAME;
    int half = layer.padding() == Padding.HALF ? k / 2 : 0;
    int outHeight =
        same ? (int) Math.ceil(height / (double) stride) : (height + 2 * half - k) / stride + 1;
    int outWidth =
        same ? (int) Math.ceil(width / (double) stride) : (width + 2 * half - k) / stride + 1;
    int top = same ? Math.max(0, (outHeight - 1) * stride + k - height) / 2 : half;
    int left = same ? Math.max(0, (outWidth - 1) * stride + k - width) / 2 : half;
    int groupIn = channels / layer.groups();
    int groupOut = filters / layer.groups();
    double[] y = new double[batch * outHeight * outWidth * filters];
    for (int n = 0; n < batch; n++) {
      for (int i = 0; i < outHeight; i++) {
        for (int j = 0; j < outWidth; j++) {
          for (int f = 0; f < filters; f++) {
            double sum = bias[f];
            for (int di = 0; di < k; di++) {
              for (int dj = 0; dj < k; dj++) {
                int row = i * stride + di - top;
                int column = j * stride + dj - left;
                if (row < 0 || row >= height || column < 0 || column >= width) {
                  continue;
                }
                for (int c = 0; c < groupIn; c++) {
                  int channel = f / groupOut * groupIn + c;
                  sum +=
                      (double) x[((n * height + row) * width + column) * channels + channel]
                          * weight[((di * k + dj) * groupIn + c) * filters + f];
                }
              }
            }
            y[((n * outHeight + i) * outWidth + j) * filters + f] = sum;
          }
        }
      }
    }
    return y;
  }
}
