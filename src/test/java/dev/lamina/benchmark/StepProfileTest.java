package dev.lamina.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.augment.RandomFlip;
import dev.lamina.benchmark.StepProfile.Kind;
import dev.lamina.benchmark.StepProfile.TimedOp;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Precision;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.MaxPool;
import dev.lamina.layer.Normalize;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.step.TrainStep;
import dev.lamina.train.Trainer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.tensorflow.proto.DeviceStepStats;
import org.tensorflow.proto.NodeExecStats;
import org.tensorflow.proto.RunMetadata;

/** The profile of a small network whose operations can be counted by hand. */
class StepProfileTest {
  private static final int BATCH = 6;
  private static RunMetadata metadata = RunMetadata.getDefaultInstance();
  private static StepProfile profile = new StepProfile(List.of());

  @BeforeAll
  static void trace() {
    ImageSet images = ImageData.embedded().train().subset(IntStream.range(0, 8).toArray());
    Network network =
        Network.input(32, 32, 3)
            .then(
                "normalize",
                Normalize.of(new double[] {0.1, 0.2, 0.3}, new double[] {0.4, 0.5, 0.6}))
            .then(Conv2d.of(4, 3), BatchNorm.create(), Activation.RELU, MaxPool.of(2))
            .then(Conv2d.of(5, 3), BatchNorm.create(), Activation.RELU)
            .then(GlobalAveragePool.create(), Dense.of(10));
    Trainer trainer =
        Trainer.builder()
            .augment(RandomFlip.horizontal())
            .optimizer(MomentumOptimizer.of(0.9).weightDecay(0.1))
            .precision(Precision.FLOAT32)
            .build();
    try (Model model = Model.of(network);
        TrainStep step = trainer.step(model, images)) {
      metadata = step.trace(IntStream.range(0, BATCH).toArray(), 0, 0.01, 0.9);
      profile = StepProfile.of(metadata);
    }
  }

  @Test
  void kinds_countedByHand() {
    Map<Kind, Long> counts =
        profile.operations().stream()
            .collect(Collectors.groupingBy(TimedOp::kind, Collectors.counting()));
    assertThat(counts)
        .containsEntry(Kind.CONVOLUTION, 2L)
        // The images need no gradient.
        .containsEntry(Kind.INPUT_GRADIENT, 1L)
        .containsEntry(Kind.FILTER_GRADIENT, 2L)
        // Two layers in two passes.
        .containsEntry(Kind.BATCH_NORM, 4L)
        .containsEntry(Kind.BATCH_NORM_GRADIENT, 2L)
        // Two gradients, and four ReLUs, except those that TensorFlow fused with their batch norm.
        .containsEntry(Kind.ACTIVATION, 6 - rectifyingNorms())
        .containsEntry(Kind.POOLING, 2L)
        // Kernel and bias of two convolutions and the classifier, weight and bias of two norms.
        .containsEntry(Kind.OPTIMIZER, 10L);
    assertThat(types(Kind.DECAY_AND_CHECK))
        // Those of two biases in front of a batch norm are zero.
        .containsEntry("L2Loss", 8L)
        .containsEntry("Mul", 10L)
        .containsKey("CheckNumericsV2");
    assertThat(types(Kind.INPUT)).containsKeys("GatherV2", "GatherNd", "Cast");
    // Told from other arithmetic by the name of the layer alone.
    assertThat(profile.operations())
        .filteredOn(op -> op.name().contains("/normalize/"))
        .isNotEmpty()
        .allSatisfy(op -> assertThat(op.kind()).as(op.name()).isEqualTo(Kind.INPUT));
    assertThat(types(Kind.REST)).containsKeys("SoftmaxCrossEntropyWithLogits");
  }

  private static long rectifyingNorms() {
    return profile.operations().stream()
        .filter(op -> op.type().endsWith("FusedBatchNormEx"))
        .count();
  }

  private static Map<String, Long> types(Kind kind) {
    return profile.operations().stream()
        .filter(op -> op.kind() == kind)
        .collect(Collectors.groupingBy(TimedOp::type, Collectors.counting()));
  }

  @Test
  void kinds_sumToTheWhole() {
    List<NodeExecStats> nodes =
        metadata.getStepStats().getDevStatsList().stream()
            .map(DeviceStepStats::getNodeStatsList)
            .flatMap(List::stream)
            .toList();
    assertThat(profile.operations()).hasSameSizeAs(nodes);
    assertThat(profile.nanosByKind()).containsOnlyKeys(Kind.values());
    assertThat(profile.nanosByKind().values().stream().mapToLong(nanos -> nanos).sum())
        .isPositive()
        .isEqualTo(
            nodes.stream()
                .mapToLong(node -> node.getOpEndRelNanos() - node.getOpStartRelNanos())
                .sum());
  }

  @Test
  void rows_holdOneOperationAtATime() {
    Map<Integer, Long> ends = new HashMap<>();
    for (TimedOp op : profile.operations()) {
      assertThat(op.nanos()).as(op.name()).isNotNegative();
      assertThat(op.start())
          .as(op.name())
          .isGreaterThanOrEqualTo(ends.getOrDefault(op.row(), 0L))
          .isLessThanOrEqualTo(profile.nanos());
      ends.put(op.row(), op.start() + op.nanos());
    }
  }

  @Test
  void outputs_haveShapeAndSize() {
    Map<String, TimedOp> convolutions =
        profile.operations().stream()
            .filter(op -> op.kind() == Kind.CONVOLUTION)
            .collect(Collectors.toMap(TimedOp::shapes, Function.identity()));
    assertThat(convolutions).containsOnlyKeys("[6,32,32,4]", "[6,16,16,5]");
    assertThat(convolutions.values())
        .extracting(TimedOp::bytes)
        .containsExactlyInAnyOrder(4L * 6 * 32 * 32 * 4, 4L * 6 * 16 * 16 * 5);
  }

  @Test
  void operationsBesideEachOther_haveRowsOfTheirOwn() {
    StepProfile made =
        StepProfile.of(
            RunMetadata.newBuilder()
                .setStepStats(
                    org.tensorflow.proto.StepStats.newBuilder()
                        .addDevStats(
                            DeviceStepStats.newBuilder()
                                .setDevice("cpu")
                                .addNodeStats(node("c", 1030, 10))
                                .addNodeStats(node("b", 1010, 30))
                                .addNodeStats(node("a", 1000, 20))))
                .build());
    assertThat(made.operations()).extracting(TimedOp::name).containsExactly("a", "b", "c");
    assertThat(made.operations()).extracting(TimedOp::start).containsExactly(0L, 10L, 30L);
    assertThat(made.operations()).extracting(TimedOp::row).containsExactly(0, 1, 0);
    assertThat(made.nanos()).isEqualTo(40);
  }

  private static NodeExecStats node(String name, long start, long nanos) {
    return NodeExecStats.newBuilder()
        .setNodeName(name)
        .setAllStartNanos(start - 2)
        .setOpStartRelNanos(2)
        .setOpEndRelNanos(2 + nanos)
        .build();
  }
}
