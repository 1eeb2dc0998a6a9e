package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.DoubleSummaryStatistics;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.ndarray.Shape;

class PoolingTest {
  private static final Shape INPUT = Shape.of(5, 8, 3);

  @ParameterizedTest
  @CsvSource({"2, 2, VALID", "3, 2, VALID", "3, 2, SAME", "2, 1, SAME", "3, 4, SAME"})
  void agreesWithLoops(int size, int stride, Padding padding) {
    float[] x = LayerContract.inputs(2, INPUT);
    DoubleSummaryStatistics[] windows = checkMax(x, size, stride, padding);
    float[] mean = infer(AveragePool.of(size).stride(stride).padding(padding), x);
    assertThat(mean).hasSize(windows.length);
    for (int i = 0; i < windows.length; i++) {
      assertThat((double) mean[i]).isCloseTo(windows[i].getAverage(), within(1e-6));
    }
  }

  /** Of negative numbers too, among which a border of zeros would be the largest. */
  @ParameterizedTest
  @CsvSource({"3, 2", "2, 2", "3, 1", "5, 3"})
  void max_withHalfPadding(int size, int stride) {
    float[] x = LayerContract.inputs(2, INPUT);
    checkMax(x, size, stride, Padding.HALF);
    for (int i = 0; i < x.length; i++) {
      x[i] -= 10;
    }
    checkMax(x, size, stride, Padding.HALF);
  }

  private static DoubleSummaryStatistics[] checkMax(
      float[] x, int size, int stride, Padding padding) {
    DoubleSummaryStatistics[] windows = windows(x, size, stride, padding);
    float[] max = infer(MaxPool.of(size).stride(stride).padding(padding), x);
    assertThat(max).hasSize(windows.length);
    for (int i = 0; i < windows.length; i++) {
      assertThat((double) max[i]).isEqualTo(windows[i].getMax());
    }
    return windows;
  }

  private static float[] infer(Layer layer, float[] x) {
    try (BuiltLayer built = new BuiltLayer(layer, INPUT)) {
      return built.infer(x);
    }
  }

  /** The part of each window inside the image. */
  private static DoubleSummaryStatistics[] windows(
      float[] x, int size, int stride, Padding padding) {
    int height = (int) INPUT.get(0);
    int width = (int) INPUT.get(1);
    int channels = (int) INPUT.get(2);
    boolean same = padding == Padding.SAME;
    int half = padding == Padding.HALF ? size / 2 : 0;
    int rows =
        same ? (int) Math.ceil(height / (double) stride) : (height + 2 * half - size) / stride + 1;
    int columns =
        same ? (int) Math.ceil(width / (double) stride) : (width + 2 * half - size) / stride + 1;
    int top = same ? Math.max(0, (rows - 1) * stride + size - height) / 2 : half;
    int left = same ? Math.max(0, (columns - 1) * stride + size - width) / 2 : half;
    int batch = x.length / (height * width * channels);
    DoubleSummaryStatistics[] windows =
        new DoubleSummaryStatistics[batch * rows * columns * channels];
    for (int index = 0; index < windows.length; index++) {
      int c = index % channels;
      int j = index / channels % columns;
      int i = index / channels / columns % rows;
      int n = index / channels / columns / rows;
      windows[index] = new DoubleSummaryStatistics();
      for (int row = i * stride - top; row < i * stride - top + size; row++) {
        for (int column = j * stride - left; column < j * stride - left + size; column++) {
          if (row >= 0 && row < height && column >= 0 && column < width) {
            windows[index].accept(x[((n * height + row) * width + column) * channels + c]);
          }
        }
      }
    }
    return windows;
  }
}
