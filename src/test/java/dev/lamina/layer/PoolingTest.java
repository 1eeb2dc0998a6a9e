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
    DoubleSummaryStatistics[] windows = windows(x, size, stride, padding);
    float[] max = infer(MaxPool.of(size).stride(stride).padding(padding), x);
    float[] mean = infer(AveragePool.of(size).stride(stride).padding(padding), x);
    assertThat(max).hasSize(windows.length);
    assertThat(mean).hasSize(windows.length);
    for (int i = 0; i < windows.length; i++) {
      assertThat((double) max[i]).isEqualTo(windows[i].getMax());
      assertThat((double) mean[i]).isCloseTo(windows[i].getAverage(), within(1e-6));
    }
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
    int rows = same ? (int) Math.ceil(height / (double) stride) : (height - size) / stride + 1;
    int columns = same ? (int) Math.ceil(width / (double) stride) : (width - size) / stride + 1;
    int top = same ? Math.max(0, (rows - 1) * stride + size - height) / 2 : 0;
    int left = same ? Math.max(0, (columns - 1) * stride + size - width) / 2 : 0;
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
