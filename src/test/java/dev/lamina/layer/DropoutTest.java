package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;

class DropoutTest {
  private static final Shape INPUT = Shape.of(11, 13, 7);

  @ParameterizedTest
  @ValueSource(doubles = {0.1, 0.5, 0.8})
  void keptValuesAreScaled_othersAreZero(double rate) {
    float[] x = LayerContract.inputs(20, INPUT);
    try (BuiltLayer built = new BuiltLayer(Dropout.of(rate), INPUT)) {
      float[] y = built.train(x, 1);
      int kept = 0;
      for (int i = 0; i < x.length; i++) {
        if (y[i] != 0) {
          kept++;
          assertThat((double) y[i]).isCloseTo(x[i] / (1 - rate), within(1e-6 / (1 - rate)));
        }
      }
      // 20,020 draws: five standard deviations are at most 5 x sqrt(0.25 / 20020).
      assertThat(kept / (double) x.length).isCloseTo(1 - rate, within(0.018));
      assertThat(built.infer(x)).isEqualTo(x);
    }
  }

  @Test
  void seedDecides() {
    float[] x = LayerContract.inputs(1, INPUT);
    try (BuiltLayer built = new BuiltLayer(Dropout.of(0.5), INPUT)) {
      assertThat(built.train(x, 1)).isEqualTo(built.train(x, 1));
      assertThat(agreement(built.train(x, 1), built.train(x, 2))).isCloseTo(0.5, within(0.08));
    }
  }

  @Test
  void layersDropIndependently() {
    float[] ones = new float[1001];
    Arrays.fill(ones, 1);
    Layer both = Concat.of(Dropout.of(0.5), Dropout.of(0.5));
    try (BuiltLayer built = new BuiltLayer(both, Shape.of(1001))) {
      float[] y = built.train(ones, 1);
      assertThat(agreement(Arrays.copyOf(y, 1001), Arrays.copyOfRange(y, 1001, 2002)))
          .isCloseTo(0.5, within(0.08));
    }
  }

  @Test
  void examplesDropIndependently() {
    float[] ones = new float[2002];
    Arrays.fill(ones, 1);
    try (BuiltLayer built = new BuiltLayer(Dropout.of(0.5), Shape.of(1001))) {
      float[] y = built.train(ones, 1);
      assertThat(agreement(Arrays.copyOf(y, 1001), Arrays.copyOfRange(y, 1001, 2002)))
          .isCloseTo(0.5, within(0.08));
    }
  }

  @Test
  void stochasticDepth_dropsWholeExamples() {
    int batch = 2000;
    float[] ones = new float[batch * 6];
    Arrays.fill(ones, 1);
    try (BuiltLayer built = new BuiltLayer(StochasticDepth.of(0.2), Shape.of(1, 3, 2))) {
      float[] y = built.train(ones, 1);
      int kept = 0;
      for (int i = 0; i < batch; i++) {
        float[] example = Arrays.copyOfRange(y, 6 * i, 6 * i + 6);
        assertThat(example).containsOnly(example[0]);
        assertThat(example[0]).isIn(0f, 1.25f);
        kept += example[0] > 0 ? 1 : 0;
      }
      // Five standard deviations of 2,000 draws are 5 x sqrt(0.16 / 2000).
      assertThat(kept / (double) batch).isCloseTo(0.8, within(0.045));
      assertThat(built.train(ones, 1)).isEqualTo(y).isNotEqualTo(built.train(ones, 2));
      assertThat(built.infer(ones)).isEqualTo(ones);
    }
  }

  /**
   * The fraction of positions where both are zero or both are not; 0.08 is five standard
   * deviations.
   */
  private static double agreement(float[] a, float[] b) {
    int equal = 0;
    for (int i = 0; i < a.length; i++) {
      if ((a[i] == 0) == (b[i] == 0)) {
        equal++;
      }
    }
    return equal / (double) a.length;
  }
}
