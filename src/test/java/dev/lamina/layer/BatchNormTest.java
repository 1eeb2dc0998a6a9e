package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

class BatchNormTest {
  @ParameterizedTest
  @CsvSource({"1e-5, 0.1", "0.5, 0.1", "1e-5, 0.3", "1e-5, 1"})
  void agreesWithFormulas_image(double epsilon, double momentum) {
    checkAgainstFormulas(BatchNorm.create().epsilon(epsilon).momentum(momentum), Shape.of(3, 5, 2));
  }

  @ParameterizedTest
  @CsvSource({"1e-5, 0.1", "0.5, 0.3"})
  void agreesWithFormulas_vector(double epsilon, double momentum) {
    checkAgainstFormulas(BatchNorm.create().epsilon(epsilon).momentum(momentum), Shape.of(5));
  }

  private static void checkAgainstFormulas(BatchNorm layer, Shape input) {
    float[] x = LayerContract.inputs(3, input);
    try (BuiltLayer built = new BuiltLayer(layer, input)) {
      built.assignRandomValues(12);
      float[] weight = built.value("weight");
      float[] bias = built.value("bias");
      float[] runningMean = built.value("running_mean");
      float[] runningVariance = built.value("running_var");
      float[] trained = built.train(x, 1);
      float[] inferred = built.infer(x);
      step(built, x);
      float[] newMean = built.value("running_mean");
      float[] newVariance = built.value("running_var");
      assertThat(built.value("weight")).isEqualTo(weight);
      assertThat(built.value("bias")).isEqualTo(bias);
      int channels = weight.length;
      for (int c = 0; c < channels; c++) {
        int count = x.length / channels;
        double mean = 0;
        for (int i = c; i < x.length; i += channels) {
          mean += x[i] / (double) count;
        }
        double squares = 0;
        for (int i = c; i < x.length; i += channels) {
          squares += (x[i] - mean) * (x[i] - mean);
        }
        for (int i = c; i < x.length; i += channels) {
          double byBatch =
              weight[c] * (x[i] - mean) / Math.sqrt(squares / count + layer.epsilon()) + bias[c];
          double byRunning =
              weight[c] * (x[i] - runningMean[c]) / Math.sqrt(runningVariance[c] + layer.epsilon())
                  + bias[c];
          assertThat((double) trained[i]).isCloseTo(byBatch, within(3e-6));
          assertThat((double) inferred[i]).isCloseTo(byRunning, within(3e-6));
        }
        double m = layer.momentum();
        assertThat((double) newMean[c])
            .isCloseTo((1 - m) * runningMean[c] + m * mean, within(1e-6));
        assertThat((double) newVariance[c])
            .isCloseTo((1 - m) * runningVariance[c] + m * squares / (count - 1), within(2e-6));
      }
    }
  }

  @Test
  void biasBefore_isOnlyInTheRunningMean() {
    Shape input = Shape.of(3, 5, 2);
    float[] x = LayerContract.inputs(3, input);
    double momentum = 0.3;
    Sequential layer = Sequential.of(Conv2d.of(2, 1), BatchNorm.create().momentum(momentum));
    float[] weight = {0.5f, -1, 2, 0.25f};
    float[] bias = {3, -7};
    try (BuiltLayer built = new BuiltLayer(layer, input)) {
      built.assignRandomValues(12);
      built.assign(
          Map.of("0.weight", weight, "0.bias", bias, "1.running_mean", new float[] {1, 2}));
      float[] trained = built.train(x, 1);
      step(built, x);
      float[] mean = built.value("1.running_mean");
      for (int c = 0; c < 2; c++) {
        double sum = 0;
        for (int i = 0; i < x.length; i += 2) {
          sum += weight[c] * x[i] + weight[2 + c] * x[i + 1] + bias[c];
        }
        assertThat((double) mean[c])
            .isCloseTo((1 - momentum) * (c + 1) + momentum * sum / (x.length / 2.0), within(3e-6));
      }
      built.assign(Map.of("0.bias", new float[2]));
      assertThat(built.train(x, 1)).isEqualTo(trained);
    }
  }

  private static void step(BuiltLayer built, float[] x) {
    try (TFloat32 batch = built.batch(x);
        TInt64 key = TInt64.vectorOf(7, 1)) {
      Session.Runner runner = built.feed(batch, key);
      built
          .training
          .statistics()
          .forEach(
              (variable, value) ->
                  runner.addTarget(built.session.ops().assignVariableOp(variable.handle(), value)));
      runner.run().close();
    }
  }
}
