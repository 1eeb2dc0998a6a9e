package dev.lamina.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Precision;
import dev.lamina.graph.Variable;
import dev.lamina.layer.Activation;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Lambda;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.train.Trainer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
    return read(model, model.session().variable("0.weight"));
  }

  private static float[] read(Model model, Variable variable) {
    return model.session().read(List.of(variable)).values().iterator().next();
  }

  private static Variable variable(TrainStep step, String name) {
    return Objects.requireNonNull(step.state().variables().get(name));
  }

  private static float number(Model model, TrainStep step, String name) {
    return read(model, variable(step, name))[0];
  }

  private static void set(Model model, TrainStep step, String name, float value) {
    model.session().assign(Map.of(variable(step, name), new float[] {value}));
  }

  /** By how much one step moves the weights of the convolution. */
  private static double[] move(Model model, TrainStep step, double rate) {
    float[] before = weight(model);
    step.run(BATCH, 0, rate, 0);
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
        TrainStep step = step(model, Precision.FLOAT32);
        Model twin = Model.of(network(factor), 1);
        TrainStep half = step(twin, Precision.FLOAT16)) {
      double[] expected = move(model, step, rate);
      assertThat(norm(expected)).isGreaterThan(1e-4);
      double[] actual = move(twin, half, rate);
      double[] difference =
          IntStream.range(0, actual.length).mapToDouble(i -> actual[i] - expected[i]).toArray();
      assertThat(norm(difference) / norm(expected)).isPositive().isLessThan(0.02);
      float now = number(twin, half, "optimizer.loss_scale");
      if (scale > 0) {
        assertThat(now).isEqualTo(scale);
      } else {
        assertThat(now).isBetween(1e-4f, 32_768f);
      }
      assertThat(number(twin, half, "optimizer.loss_scale_steps")).isEqualTo(1);
    }
  }

  @Test
  void scale_doublesAfterManyStepsWithoutOverflow_upToAnEnd() {
    try (Model model = Model.of(network(1), 1);
        TrainStep step = step(model, Precision.FLOAT16)) {
      set(model, step, "optimizer.loss_scale_steps", 1998);
      step.run(BATCH, 0, 0.01, 0);
      assertThat(number(model, step, "optimizer.loss_scale")).isEqualTo(65_536);
      step.run(BATCH, 1, 0.01, 0);
      assertThat(number(model, step, "optimizer.loss_scale")).isEqualTo(131_072);
      assertThat(number(model, step, "optimizer.loss_scale_steps")).isZero();
    }
    // No gradient overflows, as there is none.
    try (Model model = Model.of(network(0), 1);
        TrainStep step = step(model, Precision.FLOAT16)) {
      for (float scale : new float[] {8_388_608, 16_777_216}) {
        set(model, step, "optimizer.loss_scale", scale);
        set(model, step, "optimizer.loss_scale_steps", 1999);
        step.run(BATCH, 0, 0.01, 0);
        assertThat(number(model, step, "optimizer.loss_scale")).isEqualTo(16_777_216);
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
          .withMessageContaining("at step 3 (learning rate 0.01)");
      assertThat(weight(model)).isEqualTo(before);
      assertThat(number(model, step, "optimizer.loss_scale")).isEqualTo(65_536);
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
      assertThat(number(model, step, "optimizer.loss_scale")).isEqualTo(1f / 65_536);
    }
  }

  @Test
  void twoSteps_shareNothingButTheWeights() {
    try (Model model = Model.of(network(1), 1)) {
      try (TrainStep step = step(model, Precision.FLOAT16);
          TrainStep other = step(model, Precision.FLOAT16)) {
        set(model, step, "optimizer.loss_scale", 2);
        assertThat(number(model, other, "optimizer.loss_scale")).isEqualTo(65_536);
        step.run(BATCH, 0, 0.01, 0.9);
        assertThat(read(model, variable(step, "optimizer.velocity.0.weight")))
            .isNotEqualTo(read(model, variable(other, "optimizer.velocity.0.weight")));
      }
      try (TrainStep step = step(model, Precision.FLOAT16)) {
        assertThat(number(model, step, "optimizer.loss_scale")).isEqualTo(65_536);
      }
      assertThat(model.session().variables()).hasSameElementsAs(model.variables());
    }
  }
}
