package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphSession;
import dev.lamina.torture.JavaProcess;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * The weight gradient of strided 1x1 convolutions of few channels, in a process of its own:
 * oneDNN's is wrong, or ends the process.
 */
class Conv2dStrideTest {
  private static final int BATCH = 4;
  private static final int SIZE = 96;
  private static final int FILTERS = 16;

  /** Prints how many gradients of convolutions of different numbers of channels are right. */
  public static void main(String[] args) {
    int right = 0;
    for (int channels : new int[] {1, 4, 7, 8, 12, 15}) {
      for (int stride : new int[] {2, 3}) {
        float[] x = pixels(channels);
        float[] actual = gradient(Conv2d.of(FILTERS, 1).stride(stride).bias(false), channels, x);
        right += Arrays.equals(actual, expected(stride, channels, x)) ? 1 : 0;
      }
    }
    System.out.println("right: " + right + " of 12");
  }

  /** Small whole numbers, whose sums are exact in every order. */
  private static float[] pixels(int channels) {
    float[] x = new float[BATCH * SIZE * SIZE * channels];
    for (int i = 0; i < x.length; i++) {
      x[i] = i * 31L % 17 - 5;
    }
    return x;
  }

  /** The gradient of the sum of all outputs: for every filter the sum of the pixels it reads. */
  private static float[] expected(int stride, int channels, float[] x) {
    float[] gradient = new float[channels * FILTERS];
    for (int i = 0; i < x.length; i++) {
      int pixel = i / channels;
      if (pixel % SIZE % stride == 0 && pixel / SIZE % SIZE % stride == 0) {
        int row = i % channels * FILTERS;
        for (int filter = 0; filter < FILTERS; filter++) {
          gradient[row + filter] += x[i];
        }
      }
    }
    return gradient;
  }

  private static float[] gradient(Conv2d layer, int channels, float[] x) {
    try (BuiltLayer built = new BuiltLayer(layer, Shape.of(SIZE, SIZE, channels))) {
      built.assignRandomValues(1);
      Output<?> weight = built.training.reads().values().iterator().next().asOutput();
      Operand<TFloat32> gradient =
          Floats.expectFloat32(
              Objects.requireNonNull(
                  built.training.backward().gradients(built.trained, List.of(weight)).get(weight)));
      try (TFloat32 batch = built.batch(x);
          TInt64 key = TInt64.vectorOf(7, 0);
          var result = built.feed(batch, key).fetch(gradient).run()) {
        return GraphSession.floats(result.get(0));
      }
    }
  }

  /** oneDNN's kernels for AVX2, and those of this machine. */
  @ParameterizedTest
  @ValueSource(strings = {"AVX2", "ALL"})
  void weightGradient_ofFewChannels_isExact(String isa) throws Exception {
    ProcessBuilder builder = JavaProcess.of(Conv2dStrideTest.class);
    builder.environment().put("ONEDNN_MAX_CPU_ISA", isa);
    assertThat(JavaProcess.run(builder)).contains("right: 12 of 12");
  }
}
