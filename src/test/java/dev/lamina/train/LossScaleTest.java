package dev.lamina.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Precision;
import dev.lamina.layer.Activation;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Lambda;
import dev.lamina.model.Model;
import dev.lamina.model.Network;
import dev.lamina.optimizer.MomentumOptimizer;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** float16 against float32, where float16 alone would lose gradients or overflow. */
class LossScaleTest {
  private static final ImageSet IMAGES =
      ImageData.embedded().train().subset(IntStream.range(0, 8).toArray());
  private static final int[] BATCH = IntStream.range(0, 8).toArray();

  /** What reaches the convolution is as much larger or smaller as this factor. */
  private static Network network(float factor) {
    return Network.input(32, 32, 3)
        .then(Conv2d.of(4, 3).stride(4), Activation.RELU, GlobalAveragePool.create())
        .then(Lambda.of("factor", (tf, x) -> tf.math.mul(x, tf.constant(factor))))
        .then(Dense.of(10));
  }

  private static TrainStep step(Model model, Precision precision) {
    return Trainer.builder()
        .optimizer(MomentumOptimizer.of(0))
        .precision(precision)
        .build()
        .step(model, IMAGES);
  }

  private static float[] weight(Model model) {
    return read(model, "0.weight");
  }

  private static float number(Model model, String name) {
    return read(model, name)[0];
  }

  private static float[] read(Model model, String name) {
    GraphSession session = model.session();
    return session.read(List.of(session.variable(name))).values().iterator().next();
  }

  private static void set(Model model, String name, float value) {
    model.session().assign(Map.of(model.session().variable(name), new float[] {value}));
  }

  /** By how much one step moves the weights of the convolution. */
  private static double[] move(Model model, Precision precision, double rate) {
    float[] before = weight(model);
    try (TrainStep step = step(model, precision)) {
      step.run(BATCH, 0, rate, 0);
    }
    float[] after = weight(model);
    return IntStream.range(0, after.length).mapToDouble(i -> after[i] - before[i]).toArray();
  }

  private static double norm(double[] x) {
    return Math.sqrt(IntStream.range(0, x.length).mapToDouble(i -> x[i] * x[i]).sum());
  }

  @ParameterizedTest
  @CsvSource({"1, 0.1, 65536", "1e-5, 1e5, 65536", "1e5, 1e-7, 0", "1e7, 1e-9, 0"})
  void gradients_areThoseOfFloat32(float factor, double rate, float scale) {
    try (Model model = Model.of(network(factor), 1);
        Model twin = Model.of(network(factor), 1)) {
      double[] expected = move(model, Precision.FLOAT32, rate);
      assertThat(norm(expected)).isGreaterThan(1e-4);
      double[] actual = move(twin, Precision.FLOAT16, rate);
      double[] difference =
          IntStream.range(0, actual.length).mapToDouble(i -> actual[i] - expected[i]).toArray();
      assertThat(norm(difference) / norm(expected)).isPositive().isLessThan(0.02);
      float now = number(twin, "optimizer.loss_scale");
      if (scale > 0) {
        assertThat(now).isEqualTo(scale);
      } else {
        assertThat(now).isBetween(1e-4f, 32_768f);
      }
      assertThat(number(twin, "optimizer.loss_scale_steps")).isEqualTo(1);
    }
  }

  @Test
  void scale_doublesAfterManyStepsWithoutOverflow_upToAnEnd() {
    try (Model model = Model.of(network(1), 1);
        TrainStep step = step(model, Precision.FLOAT16)) {
      set(model, "optimizer.loss_scale_steps", 1998);
      step.run(BATCH, 0, 0.01, 0);
      assertThat(number(model, "optimizer.loss_scale")).isEqualTo(65_536);
      step.run(BATCH, 1, 0.01, 0);
      assertThat(number(model, "optimizer.loss_scale")).isEqualTo(131_072);
      assertThat(number(model, "optimizer.loss_scale_steps")).isZero();
    }
    // No gradient overflows, as there is none.
    try (Model model = Model.of(network(0), 1);
        TrainStep step = step(model, Precision.FLOAT16)) {
      for (float scale : new float[] {8_388_608, 16_777_216}) {
        set(model, "optimizer.loss_scale", scale);
        set(model, "optimizer.loss_scale_steps", 1999);
        step.run(BATCH, 0, 0.01, 0);
        assertThat(number(model, "optimizer.loss_scale")).isEqualTo(16_777_216);
      }
    }
  }

  @Test
  void lossThatIsNotFinite_isADivergenceAtOnce() {
    try (Model model = Model.of(network(Float.NaN), 1);
        TrainStep step = step(model, Precision.FLOAT16)) {
      float[] before = weight(model);
      assertThatExceptionOfType(DivergenceException.class)
          .isThrownBy(() -> step.run(BATCH, 3, 0.01, 0))
          .withMessageContaining("at step 3 with learning rate 0.01");
      assertThat(weight(model)).isEqualTo(before);
      assertThat(number(model, "optimizer.loss_scale")).isEqualTo(65_536);
      assertThat(step.metrics().images()).isZero();
    }
  }

  @Test
  void overflowAtTheLeastScale_isADivergence() {
    try (Model model = Model.of(network(1e12f), 1);
        TrainStep step = step(model, Precision.FLOAT16)) {
      float[] before = weight(model);
      assertThatExceptionOfType(DivergenceException.class)
          .isThrownBy(() -> step.run(BATCH, 0, 0.01, 0));
      assertThat(weight(model)).isEqualTo(before);
      assertThat(number(model, "optimizer.loss_scale")).isEqualTo(1f / 65_536);
    }
  }

  @Test
  void newStep_beginsAnew() {
    try (Model model = Model.of(network(1), 1)) {
      step(model, Precision.FLOAT16).close();
      set(model, "optimizer.loss_scale", 2);
      step(model, Precision.FLOAT16).close();
      assertThat(number(model, "optimizer.loss_scale")).isEqualTo(65_536);
    }
  }
}
