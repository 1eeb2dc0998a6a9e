package dev.lamina.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.lamina.augment.RandomFlip;
import dev.lamina.benchmark.StepProfile.Kernel;
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
import org.tensorflow.proto.StepStats;

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
                    StepStats.newBuilder()
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

  /**
   * What TensorFlow traces on a GPU: the processor's operations in nanoseconds since 1970, those of
   * the card in microseconds since the trace began, under the names of its streams and again under
   * those of all streams.
   */
  private static StepProfile onGpu() {
    NodeExecStats convolution =
        kernel("train/conv1/Conv2D:Conv2D", "void conv<half, 3>(int) regs:96 grid:1,1,1", 400, 30);
    NodeExecStats unnamed = kernel("fill<int>", "fill<int> regs:8 grid:1,1,1", 420, 15);
    NodeExecStats same =
        kernel("train/conv2/Conv2D:Conv2D", "void conv<half, 3>(int) regs:96 grid:2,1,1", 440, 5);
    NodeExecStats copy =
        kernel("edge_4_batch/cast", "MemcpyH2D kind_src:pinned size:8 dest:0", 380, 10);
    StepStats stats =
        StepStats.newBuilder()
            .addDevStats(
                device("/job:localhost/replica:0/task:0/device:CPU:0")
                    .addNodeStats(node("batch/gather", 1_795_668_165_767_840_000L, 2000)))
            .addDevStats(
                device("/job:localhost/replica:0/task:0/device:GPU:0")
                    .addNodeStats(node("train/conv1/Conv2D", 1_795_668_165_767_845_000L, 900)))
            .addDevStats(device("/device:GPU:0/sync").addNodeStats(kernel("wait", "", 0, 500)))
            .addDevStats(
                device("/device:GPU:0/stream:13").addNodeStats(convolution).addNodeStats(same))
            .addDevStats(
                device("/device:GPU:0/stream:all")
                    .addNodeStats(convolution)
                    .addNodeStats(unnamed)
                    .addNodeStats(same))
            .addDevStats(device("/device:GPU:0/stream:17").addNodeStats(unnamed))
            .addDevStats(device("/device:GPU:0/stream:14<MemcpyH2D>").addNodeStats(copy))
            .addDevStats(device("/device:GPU:0/memcpy").addNodeStats(copy))
            .build();
    return StepProfile.of(RunMetadata.newBuilder().setStepStats(stats).build());
  }

  @Test
  void gpu_hasAClockOfItsOwn() {
    StepProfile gpu = onGpu();
    assertThat(gpu.operations())
        .extracting(TimedOp::name, TimedOp::start, TimedOp::nanos)
        .containsExactly(
            tuple("batch/gather", 0L, 2000L),
            tuple("edge_4_batch/cast", 0L, 10_000L),
            tuple("train/conv1/Conv2D", 5000L, 900L),
            tuple("train/conv1/Conv2D", 20_000L, 30_000L),
            tuple("fill<int>", 40_000L, 15_000L),
            tuple("train/conv2/Conv2D", 60_000L, 5000L));
    assertThat(gpu.nanos()).isEqualTo(65_000);
    // Two kernels of two streams at the same time.
    assertThat(gpu.operations().get(4).row()).isEqualTo(1);
  }

  @Test
  void gpu_isMeasuredByItsKernels() {
    StepProfile gpu = onGpu();
    assertThat(gpu.work())
        .as("all but the start of a kernel")
        .extracting(TimedOp::type)
        .containsExactly("NoOp", "MemcpyH2D", "Conv2D", "NoOp", "Conv2D");
    assertThat(gpu.nanosByKind())
        .containsEntry(Kind.CONVOLUTION, 35_000L)
        .containsEntry(Kind.COPY, 10_000L)
        .containsEntry(Kind.INPUT, 2000L)
        .containsEntry(Kind.REST, 15_000L);
    assertThat(gpu.kernels())
        .containsExactly(
            new Kernel("void conv<half, 3>(int)", 2, 35_000),
            new Kernel("fill<int>", 1, 15_000),
            new Kernel("MemcpyH2D", 1, 10_000));
    assertThat(profile.kernels()).as("of a processor").isEmpty();
    assertThat(profile.work()).isEqualTo(profile.operations());
  }

  private static DeviceStepStats.Builder device(String name) {
    return DeviceStepStats.newBuilder().setDevice(name);
  }

  private static NodeExecStats kernel(String name, String label, long start, long micros) {
    return NodeExecStats.newBuilder()
        .setNodeName(name)
        .setTimelineLabel(label)
        .setAllStartMicros(start)
        .setOpEndRelMicros(micros)
        .setAllEndRelMicros(micros)
        .build();
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
