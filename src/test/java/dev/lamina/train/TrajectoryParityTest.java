package dev.lamina.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.Golden;
import dev.lamina.Golden.Tensor;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Precision;
import dev.lamina.model.Model;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.schedule.OneCycle;
import dev.lamina.schedule.Schedule;
import dev.lamina.step.TrainStep;
import dev.lamina.zoo.GoldenModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

/** A few steps of training against PyTorch, from the same weights on the same batches. */
class TrajectoryParityTest {
  private static final MomentumOptimizer RECIPE = MomentumOptimizer.of(0.9).weightDecay(5e-4);
  private static final OneCycle CYCLED = OneCycle.of(0.004);
  private static final Schedule FIXED = CYCLED.cycleMomentum(false);

  @Test
  void cycled() {
    check("trajectory_cycled.safetensors", RECIPE, CYCLED, 0.015);
  }

  @Test
  void fixedMomentum() {
    check("trajectory_fixed_momentum.safetensors", RECIPE, FIXED, 0.015);
  }

  @Test
  void nesterov() {
    check("trajectory_nesterov.safetensors", RECIPE.withNesterov(), FIXED, 0.015);
  }

  @Test
  void heavyDecay() {
    check("trajectory_heavy_decay.safetensors", RECIPE.weightDecay(0.2), FIXED, 0.001);
  }

  private static void check(
      String file, MomentumOptimizer optimizer, Schedule schedule, double medianBound) {
    Map<String, Tensor> golden = Golden.tensors(file);
    Map<String, Tensor> batches = Golden.tensors("trajectory_batches.safetensors");
    float[] expected = Golden.at(golden, "losses").floats();
    int batch = (int) Golden.at(batches, "images").shape()[1];
    try (Model model = GoldenModel.load(Golden.at(batches, "images"))) {
      ImageSet set =
          GoldenModel.images(
              Golden.at(batches, "images"),
              Golden.at(batches, "labels").longs(),
              model.network().classes());
      Map<String, float[]> start = GoldenModel.values(model);
      try (TrainStep step =
          Trainer.builder()
              .optimizer(optimizer)
              .precision(Precision.FLOAT32)
              .build()
              .step(model, set)) {
        for (int i = 0; i < expected.length; i++) {
          step.resetMetrics();
          step.run(
              IntStream.range(i * batch, (i + 1) * batch).toArray(),
              i,
              schedule.learningRate(i, expected.length),
              schedule.momentum(i, expected.length).orElse(optimizer.momentum()));
          assertThat(step.metrics().loss())
              .as("loss %s", i)
              .isCloseTo((double) expected[i], Percentage.withPercentage(0.05));
        }
      }
      Map<String, float[]> end = GoldenModel.values(model);
      List<Double> ratios = new ArrayList<>();
      end.forEach(
          (name, values) -> {
            Tensor tensor = Golden.at(golden, "final." + name);
            float[] goal = GoldenModel.toTensorFlow(tensor.floats(), tensor.shape());
            ratios.add(
                GoldenModel.distance(values, goal)
                    / GoldenModel.distance(Golden.at(start, name), goal));
          });
      ratios.sort(null);
      assertThat(ratios).hasSize(golden.size() - 1);
      assertThat(ratios.get(ratios.size() / 2)).as("median").isLessThan(medianBound);
      assertThat(ratios.get(ratios.size() - 1)).as("largest").isLessThan(0.15);
    }
  }
}
