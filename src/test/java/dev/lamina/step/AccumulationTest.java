package dev.lamina.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.augment.BatchAugmentation;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Precision;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Lambda;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.optimizer.Optimizer;
import dev.lamina.train.Recipe;
import dev.lamina.train.Trainer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Result;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;

/** A batch in micro-batches against the same batch in one. */
class AccumulationTest {
  static final int IMAGES = 14;
  static final ImageSet SET = images();

  private static ImageSet images() {
    byte[] pixels = new byte[IMAGES * 7 * 5 * 3];
    new Random(5).nextBytes(pixels);
    int[] labels = IntStream.range(0, IMAGES).map(i -> i % 3).toArray();
    return ImageSet.of(7, 5, 3, pixels, labels, List.of("a", "b", "c"));
  }

  private static Network plain() {
    return Network.input(7, 5, 3)
        .then(Conv2d.of(4, 3), Activation.RELU, GlobalAveragePool.create(), Dense.of(3));
  }

  private static Network normalized() {
    return Network.input(7, 5, 3)
        .then(Conv2d.of(4, 3), BatchNorm.create(), GlobalAveragePool.create(), Dense.of(3));
  }

  static Trainer.Builder trainer(int accumulate) {
    return Trainer.builder()
        .optimizer(MomentumOptimizer.of(0.9).weightDecay(0.1))
        // Class weights give the parts of one step different weights.
        .loss(CrossEntropy.create().classWeights(1, 3, 0.5))
        .batchSize(IMAGES)
        .accumulate(accumulate)
        .precision(Precision.FLOAT32)
        .seed(2);
  }

  private record End(Map<String, float[]> weights, Metrics metrics) {}

  private static End end(Network network, Trainer.Builder trainer, int[]... batches) {
    try (Model model = Model.of(network, 1);
        TrainStep step = trainer.build().step(model, SET)) {
      for (int i = 0; i < batches.length; i++) {
        step.prepare(batches[i]);
        step.run(batches[i], i, 0.3, 0.9);
      }
      Map<String, float[]> weights = new TreeMap<>();
      model.session().read(model.variables()).forEach((v, x) -> weights.put(v.name(), x));
      assertThat(step.state().variables().keySet())
          .as("nothing of it in checkpoints")
          .noneMatch(name -> name.contains("accumulated"));
      return new End(weights, step.metrics());
    }
  }

  private static int[] range(int from, int to) {
    return IntStream.range(from, to).toArray();
  }

  /** 13 images in 2, 4 and 13 parts, then a short batch, then one of a single image. */
  @Test
  void withoutBatchNorm_theStepIsThatOfTheWholeBatch() {
    int[][] batches = {range(0, 13), range(9, 14), {3}};
    End whole = end(plain(), trainer(1), batches);
    for (int parts : new int[] {2, 4, 13}) {
      End divided = end(plain(), trainer(parts), batches);
      whole
          .weights()
          .forEach(
              (name, expected) ->
                  assertThat(divided.weights().get(name))
                      .as("%s in %s parts", name, parts)
                      .containsExactly(expected, within(2e-6f)));
      assertThat(divided.metrics().images()).isEqualTo(19);
      assertThat(divided.metrics().loss()).isCloseTo(whole.metrics().loss(), within(1e-6));
      assertThat(divided.metrics().accuracy()).isEqualTo(whole.metrics().accuracy());
    }
  }

  /** The micro-batches weigh what their examples do: 1 + 2 + 3, 4 + 5 + 6 + 7. */
  @Test
  void gradients_areThoseOfTheWholeBatch_whateverItsExamplesWeigh() {
    BatchAugmentation weights =
        (tf, batch, seed) ->
            batch.withWeights(
                tf.math.add(
                    tf.dtypes.cast(batch.origin().indices(), TFloat32.class), tf.constant(1f)));
    Map<String, float[]> whole = gradients(trainer(1).augment(weights));
    Map<String, float[]> unweighted = gradients(trainer(1));
    Map<String, float[]> divided = gradients(trainer(2).augment(weights));
    whole.forEach(
        (name, expected) ->
            assertThat(divided.get(name))
                .as(name)
                .containsExactly(expected, within(1e-6f))
                .isNotEqualTo(unweighted.get(name)));
  }

  private static Map<String, float[]> gradients(Trainer.Builder trainer) {
    try (Model model = Model.of(plain(), 1);
        TrainStep step = trainer.build().step(model, SET)) {
      Map<String, float[]> gradients = new TreeMap<>();
      step.gradients(range(0, 7), 0).forEach((v, gradient) -> gradients.put(v.name(), gradient));
      return gradients;
    }
  }

  /**
   * Batch norm takes the statistics of 4 and 3 images. Its running statistics move once, by the
   * mean over the images, in which the mean of the channel is that of all 7, and its variance is
   * not.
   */
  @Test
  void batchNorm_takesTheStatisticsOfTheMicroBatch() {
    int[] batch = range(0, 7);
    End divided = end(normalized(), trainer(2), batch);
    End whole = end(normalized(), trainer(1), batch);
    float[] first = statistic("1.running_var", range(0, 3));
    float[] second = statistic("1.running_var", range(3, 7));
    float[] mean = new float[first.length];
    for (int i = 0; i < mean.length; i++) {
      mean[i] = (3 * first[i] + 4 * second[i]) / 7;
    }
    assertThat(at(divided, "1.running_var")).containsExactly(mean, within(1e-6f));
    assertThat(at(divided, "1.running_mean"))
        .containsExactly(at(whole, "1.running_mean"), within(1e-6f));
    assertThat(at(divided, "1.running_var")).isNotEqualTo(at(whole, "1.running_var"));
    assertThat(Arrays.equals(at(divided, "0.weight"), at(whole, "0.weight"))).isFalse();
  }

  private static float[] statistic(String name, int[] batch) {
    return at(end(normalized(), trainer(1), batch), name);
  }

  private static float[] at(End end, String name) {
    return Objects.requireNonNull(end.weights().get(name));
  }

  /** The draws of a micro-batch are those of its number, and repeat. */
  @Test
  void microBatches_drawForThemselves() {
    int[] twice = new int[] {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5};
    Trainer.Builder flipped = trainer(2).augment(RandomFlip.horizontal());
    End first = end(plain(), flipped, twice);
    assertThat(at(end(plain(), flipped, twice), "0.weight")).isEqualTo(at(first, "0.weight"));
    // Equal halves with equal draws would be the step of one half.
    End half = end(plain(), trainer(1).augment(RandomFlip.horizontal()), Arrays.copyOf(twice, 6));
    float[] other = at(half, "0.weight");
    double distance = 0;
    for (int i = 0; i < other.length; i++) {
      distance = Math.max(distance, Math.abs(other[i] - at(first, "0.weight")[i]));
    }
    assertThat(distance).isGreaterThan(1e-5);
  }

  /** Half of float32's range overflows in float16 until the scale of the loss is small enough. */
  @Test
  void overflowInOneMicroBatch_repeatsAllOfThem() {
    Network large =
        Network.input(7, 5, 3)
            .then(Conv2d.of(4, 3), GlobalAveragePool.create())
            .then(Lambda.of("large", (tf, x) -> tf.math.mul(x, tf.constant(1e5f))), Dense.of(3));
    int[] batch = range(0, 9);
    End half = end(large, trainer(3).precision(Precision.FLOAT16), batch);
    End whole = end(large, trainer(1).precision(Precision.FLOAT16), batch);
    float[] expected = at(whole, "0.weight");
    double scale = 0;
    for (float value : expected) {
      scale = Math.max(scale, Math.abs(value));
    }
    assertThat(scale).isGreaterThan(10);
    assertThat(at(half, "0.weight")).containsExactly(expected, within((float) scale * 0.02f));
  }

  @Test
  void notFinite_changesNothing() {
    Network nan = plain().then(Lambda.of("nan", (tf, x) -> tf.math.mul(x, tf.constant(Float.NaN))));
    try (Model model = Model.of(nan, 1);
        TrainStep step = trainer(3).build().step(model, SET)) {
      float[] before = model.weights().get("0.weight");
      assertThatExceptionOfType(DivergenceException.class)
          .isThrownBy(() -> step.run(range(0, 8), 4, 0.3, 0.9))
          .withMessageContaining("at step 4 (learning rate 0.3)");
      assertThat(model.weights().get("0.weight")).isEqualTo(before);
      assertThat(step.metrics().images()).isZero();
    }
  }

  @Test
  void stepThatCannotBeBuilt_leavesNoSumsInMemory() {
    Optimizer failing =
        update -> {
          throw new IllegalArgumentException("no update");
        };
    try (Model model = Model.of(plain(), 1)) {
      Trainer trainer = trainer(2).optimizer(failing).build();
      assertThatIllegalArgumentException()
          .isThrownBy(() -> trainer.step(model, SET))
          .withMessage("no update");
      Ops tf = model.session().ops();
      List<Operation> sums = new ArrayList<>();
      model.session().graph().operations().forEachRemaining(sums::add);
      sums.removeIf(op -> !op.type().equals("VarHandleOp") || !op.name().contains("accumulated"));
      assertThat(sums)
          .hasSize(4)
          .allSatisfy(
              sum -> {
                Operand<TBool> allocated = tf.varIsInitializedOp(sum.<TType>output(0));
                try (Result result = model.session().run(runner -> runner.fetch(allocated))) {
                  assertThat(((TBool) result.get(0)).getBoolean()).isFalse();
                }
              });
    }
  }

  @Test
  void parts_differByOneAtMost() {
    assertThat(Accumulation.divide(range(0, 8), 3, 8).stream().map(part -> part.length))
        .containsExactly(2, 3, 3);
    assertThat(Accumulation.divide(range(0, 2), 3, 8))
        .containsExactly(new int[] {0}, new int[] {1});
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Trainer.builder().batchSize(8).accumulate(9).build())
        .withMessage("accumulate must be in [1, batchSize 8], got 9");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Trainer.builder().accumulate(0))
        .withMessage("accumulate must be positive, got 0");
    // In any order.
    assertThat(Trainer.builder().accumulate(128).batchSize(256).build().recipe())
        .isEqualTo(Recipe.create().batchSize(256).accumulate(128));
  }
}
