package dev.lamina.step;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.data.ImageSet;
import dev.lamina.graph.Device;
import dev.lamina.graph.Precision;
import dev.lamina.graph.PretendGpu;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.optimizer.Adam;
import dev.lamina.train.Trainer;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/** Steps that XLA would compile on a GPU, by their graphs: no card is needed. */
class CompiledStepTest {
  private static final ImageSet IMAGES = images();
  private static final int[][] BATCHES = {{0, 1, 2, 3, 4}, {5, 6}, {3, 2, 1, 5, 0}, {4, 6}};

  private static ImageSet images() {
    byte[] pixels = new byte[7 * 6 * 5 * 3];
    new Random(5).nextBytes(pixels);
    int[] labels = IntStream.range(0, 7).map(i -> i % 2).toArray();
    return ImageSet.of(6, 5, 3, pixels, labels, List.of("a", "b"));
  }

  private static final Network NETWORK =
      Network.input(6, 5, 3)
          .then(Conv2d.of(4, 3), BatchNorm.create(), GlobalAveragePool.create())
          .then(Dropout.of(0.5), Dense.of(2));

  private static Trainer trainer(int accumulate) {
    return Trainer.builder()
        .optimizer(Adam.create())
        .batchSize(5)
        .accumulate(accumulate)
        .precision(Precision.FLOAT32)
        .build();
  }

  /** All state of a run: weights, slots, counters. */
  private static Map<String, float[]> state(Device device, int accumulate) {
    try (Model model = Model.of(NETWORK, 1, device);
        TrainStep step = trainer(accumulate).step(model, IMAGES)) {
      for (int i = 0; i < BATCHES.length; i++) {
        step.run(BATCHES[i], i, 0.1, 0.9);
      }
      Map<String, float[]> state = new TreeMap<>();
      model
          .session()
          .read(step.state().variables().values())
          .forEach((variable, values) -> state.put(variable.name(), values));
      return state;
    }
  }

  @Test
  void shortBatch_takesTheSameStep() {
    Device gpu = PretendGpu.create();
    for (int accumulate : new int[] {1, 2}) {
      assertThat(state(gpu.compiled(), accumulate))
          .usingRecursiveComparison()
          .isEqualTo(state(gpu, accumulate));
    }
  }

  /** XLA compiles for each size of a batch, but what it may not. */
  @Test
  void shortBatch_isNotCompiled() {
    try (Model model = Model.of(NETWORK, 1, PretendGpu.create().compiled());
        TrainStep step = trainer(1).step(model, IMAGES)) {
      assertThat(compiled(step, BATCHES[0])).contains("AddN", "SoftmaxCrossEntropyWithLogits");
      assertThat(compiled(step, BATCHES[1])).isEmpty();
      assertThat(compiled(step, BATCHES[2])).contains("AddN", "SoftmaxCrossEntropyWithLogits");
    }
  }

  /** Returns what XLA may compile of a step. */
  private static Set<String> compiled(TrainStep step, int[] batch) {
    Set<String> compiled = new TreeSet<>();
    for (GraphDef graph : step.trace(batch, 0, 0.1, 0.9).getPartitionGraphsList()) {
      for (NodeDef node : graph.getNodeList()) {
        boolean may = node.getAttrMap().get("_XlaCompile") == null;
        if (may && !isOutside(node.getOp())) {
          compiled.add(node.getOp());
        }
      }
    }
    return compiled;
  }

  /** Constants and variables, and what TensorFlow has fused. */
  private static boolean isOutside(String type) {
    return Set.of("Const", "VarHandleOp").contains(type) || type.startsWith("_");
  }
}
