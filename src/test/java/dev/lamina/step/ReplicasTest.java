package dev.lamina.step;

import static dev.lamina.step.AccumulationTest.SET;
import static dev.lamina.step.AccumulationTest.trainer;
import static dev.lamina.train.StopAfter.stopAfter;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Device;
import dev.lamina.graph.Precision;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Lambda;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.train.Checkpoints;
import dev.lamina.train.Trainer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.RunMetadata;

/** Several devices against one that takes the same shards, one after the other. */
class ReplicasTest {
  /** A whole batch, a short one, and one of a single image, of which one device gets nothing. */
  private static final int[][] BATCHES = {range(0, 13), range(9, 14), {3}};

  /** Virtual devices of the processor. */
  private static Device devices(int count) {
    return new Device(
        Device.Kind.CPU,
        IntStream.range(0, count).boxed().toList(),
        /* memoryFraction= */ 1,
        false);
  }

  private static Network network(BatchNorm norm) {
    return Network.input(7, 5, 3)
        .then(Conv2d.of(4, 3), norm, Activation.RELU, GlobalAveragePool.create(), Dense.of(3));
  }

  private record End(Map<String, float[]> weights, Metrics metrics) {
    void assertClose(End expected) {
      expected
          .weights()
          .forEach(
              (name, values) ->
                  assertThat(weights.get(name)).as(name).containsExactly(values, within(1e-6f)));
      assertThat(metrics.images()).isEqualTo(expected.metrics().images());
      assertThat(metrics.loss()).isCloseTo(expected.metrics().loss(), within(1e-6));
      assertThat(metrics.accuracy()).isEqualTo(expected.metrics().accuracy());
    }
  }

  private static End end(
      Network network, Device device, Trainer.Builder trainer, int[]... batches) {
    try (Model model = Model.of(network, 1, device);
        TrainStep step = trainer.build().step(model, SET)) {
      for (int i = 0; i < batches.length; i++) {
        step.prepare(batches[i]);
        step.run(batches[i], i, 0.3, 0.9);
      }
      return new End(weights(model), step.metrics());
    }
  }

  private static Map<String, float[]> weights(Model model) {
    Map<String, float[]> weights = new TreeMap<>();
    model.session().read(model.variables()).forEach((v, x) -> weights.put(v.name(), x));
    return weights;
  }

  private static int[] range(int from, int to) {
    return IntStream.range(from, to).toArray();
  }

  @Test
  void devices_takeTheStepsOfOneWithTheSameShards() {
    Network network = network(BatchNorm.create());
    End two = end(network, devices(2), trainer(1), BATCHES);
    two.assertClose(end(network, Device.cpu(), trainer(2), BATCHES));
    End three = end(network, devices(3), trainer(1), BATCHES);
    three.assertClose(end(network, Device.cpu(), trainer(3), BATCHES));
    assertThat(weight(three)).as("batch norms see shards").isNotEqualTo(weight(two));
  }

  @Test
  void devices_shareEveryMicroBatch() {
    Network network = network(BatchNorm.create());
    end(network, devices(2), trainer(2), BATCHES)
        .assertClose(end(network, Device.cpu(), trainer(4), BATCHES));
  }

  @Test
  void synchronizedBatchNorm_takesTheStatisticsOfTheWholeBatch() {
    end(network(BatchNorm.create().synchronizedStatistics(true)), devices(2), trainer(1), BATCHES)
        .assertClose(end(network(BatchNorm.create()), Device.cpu(), trainer(1), BATCHES));
  }

  /** Equal halves with equal draws would be the step of one half. */
  @Test
  void devices_drawForThemselves() {
    Network network =
        Network.input(7, 5, 3)
            .then(Conv2d.of(4, 3), GlobalAveragePool.create(), Dropout.of(0.5), Dense.of(3));
    int[] twice = {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5};
    Trainer.Builder trainer = trainer(1).augment(RandomFlip.horizontal());
    float[] first = weight(end(network, devices(2), trainer, twice));
    assertThat(weight(end(network, devices(2), trainer, twice))).isEqualTo(first);
    float[] half = weight(end(network, Device.cpu(), trainer, range(0, 6)));
    double distance = 0;
    for (int i = 0; i < half.length; i++) {
      distance = Math.max(distance, Math.abs(first[i] - half[i]));
    }
    assertThat(distance).isGreaterThan(1e-4);
  }

  private static float[] weight(End end) {
    return Objects.requireNonNull(end.weights().get("0.weight"));
  }

  /** Half of float32's range overflows in float16 until the scale of the loss is small enough. */
  @Test
  void overflow_isRepeatedWithASmallerScaleByAll() {
    Network large =
        Network.input(7, 5, 3)
            .then(Conv2d.of(4, 3), GlobalAveragePool.create())
            .then(Lambda.of("large", (tf, x) -> tf.math.mul(x, tf.constant(1e5f))), Dense.of(3));
    Trainer.Builder half = trainer(1).precision(Precision.FLOAT16);
    float[] two = weight(end(large, devices(2), half, range(0, 9)));
    half = trainer(2).precision(Precision.FLOAT16);
    float[] expected = weight(end(large, Device.cpu(), half, range(0, 9)));
    for (int i = 0; i < expected.length; i++) {
      assertThat(two[i]).isCloseTo(expected[i], within(Math.abs(expected[i]) * 1e-5f + 1e-5f));
    }
  }

  /** One image that is not finite, in the shard of the second device. */
  @Test
  void notFiniteOnOneDevice_changesNothing() {
    Network network =
        Network.input(7, 5, 3)
            .then(
                Lambda.of(
                    "infinite",
                    (tf, x) -> tf.math.div(x, tf.reduceMax(x, tf.constant(new int[] {1, 2, 3})))),
                GlobalAveragePool.create(),
                Dense.of(3));
    byte[] pixels = new byte[2 * 7 * 5 * 3];
    java.util.Arrays.fill(pixels, 0, pixels.length / 2, (byte) 9);
    ImageSet set = ImageSet.of(7, 5, 3, pixels, new int[] {0, 1}, List.of("a", "b", "c"));
    try (Model model = Model.of(network, 1, devices(2));
        TrainStep step = trainer(1).build().step(model, set)) {
      float[] before = model.weights().get("2.weight");
      step.run(new int[] {0, 0}, 3, 0.3, 0.9);
      float[] after = model.weights().get("2.weight");
      assertThat(after).isNotEqualTo(before);
      assertThatExceptionOfType(DivergenceException.class)
          .isThrownBy(() -> step.run(new int[] {0, 1}, 4, 0.3, 0.9))
          .withMessageContaining("at step 4 (learning rate 0.3)");
      assertThat(model.weights().get("2.weight")).isEqualTo(after);
    }
  }

  /** Each device makes its images smaller, and the step is built anew between the epochs. */
  @Test
  void imagesThatGrow_areTheSameOnDevices() {
    Network network = network(BatchNorm.create());
    try (Model devices = Model.of(network, 1, devices(2));
        Model one = Model.of(network, 1, Device.cpu());
        Model full = Model.of(network, 1, Device.cpu())) {
      trainer(1).batchSize(5).epochs(2).imageScales(0.6, 1).build().fit(devices, SET);
      trainer(2).batchSize(5).epochs(2).imageScales(0.6, 1).build().fit(one, SET);
      trainer(2).batchSize(5).epochs(2).build().fit(full, SET);
      weights(one)
          .forEach(
              (name, values) ->
                  assertThat(weights(devices).get(name))
                      .as(name)
                      .containsExactly(values, within(1e-6f)));
      assertThat(weights(one)).usingRecursiveComparison().isNotEqualTo(weights(full));
    }
  }

  /** Neither the number of devices nor an interruption is part of a checkpoint. */
  @Test
  void resume_endsBitForBitWhereTheWholeRunEnds(@TempDir Path run) {
    Network network = network(BatchNorm.create());
    Trainer.Builder recipe = trainer(1).batchSize(5).epochs(2).augment(RandomFlip.horizontal());
    try (Model whole = Model.of(network, 1, devices(2));
        Model begun = Model.of(network, 1, devices(2));
        Model resumed = Model.of(network, 2, devices(2));
        Model other = Model.of(network, 3, devices(3))) {
      recipe.build().fit(whole, SET);
      recipe.callbacks(Checkpoints.in(run), stopAfter(4)).build().fit(begun, SET);
      recipe.callbacks().build().resume(run, resumed, SET);
      assertThat(weights(resumed)).usingRecursiveComparison().isEqualTo(weights(whole));
      recipe.build().resume(run, other, SET);
      assertThat(weights(other)).usingRecursiveComparison().isNotEqualTo(weights(whole));
    }
  }

  /** The backward pass, too, is where its forward pass is; variables are on the first device. */
  @Test
  void everyDevice_computesItsShard() {
    try (Model model = Model.of(network(BatchNorm.create()), 1, devices(2));
        TrainStep step = trainer(1).build().step(model, SET)) {
      RunMetadata trace = step.trace(range(0, 8), 0, 0.1, 0.9);
      List<NodeDef> nodes =
          trace.getPartitionGraphsList().stream()
              .map(GraphDef::getNodeList)
              .flatMap(List::stream)
              .toList();
      for (String type : List.of("Conv2DBackpropFilter", "FusedBatchNormGrad", "MatMul")) {
        // oneDNN has names of its own for some.
        Predicate<String> ofType = op -> op.contains(type);
        long onFirst = count(nodes, 0, ofType);
        assertThat(onFirst).as(type).isPositive();
        assertThat(count(nodes, 1, ofType)).as(type).isEqualTo(onFirst);
      }
      Predicate<String> ofState = type -> type.contains("Variable") || type.contains("Resource");
      assertThat(count(nodes, 0, ofState)).isPositive();
      assertThat(count(nodes, 1, ofState)).isZero();
    }
  }

  private static long count(List<NodeDef> nodes, int device, Predicate<String> type) {
    return nodes.stream()
        .filter(node -> node.getDevice().endsWith("CPU:" + device) && type.test(node.getOp()))
        .count();
  }
}
