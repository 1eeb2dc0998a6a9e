package dev.lamina.step;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.augment.ColorJitter;
import dev.lamina.augment.Cutout;
import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.PretendGpu;
import dev.lamina.model.Model;
import dev.lamina.train.Trainer;
import dev.lamina.zoo.ResNetCifar;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;

/** What a training step would do on a GPU, by its graph: no card is needed. */
class GpuStepTest {
  private static final ImageSet IMAGES =
      ImageData.embedded().train().subset(IntStream.range(0, 8).toArray());

  private static List<NodeDef> nodes = List.of();

  @BeforeAll
  static void step() {
    Trainer trainer =
        Trainer.builder()
            .augment(
                RandomCrop.reflect(4),
                RandomFlip.horizontal(),
                ColorJitter.create().brightness(0.2),
                Cutout.of(8))
            .build();
    try (Model model = Model.of(ResNetCifar.builder().width(2).network(), 1, PretendGpu.create());
        TrainStep step = trainer.step(model, IMAGES)) {
      step.run(new int[] {0, 1, 2}, 0, 0.01, 0.9);
      nodes = model.session().graph().toGraphDef().getNodeList();
    }
  }

  @Test
  void bytes_stayOnTheProcessor() {
    Set<String> elsewhere = new TreeSet<>();
    for (NodeDef node : nodes) {
      if (!node.getDevice().contains("CPU") && handlesBytes(node)) {
        elsewhere.add(node.getOp());
      }
    }
    assertThat(elsewhere).as("from a batch of bytes to numbers").containsExactly("Cast");
  }

  /** The gradients of a convolution take the cast weight of the forward pass. */
  @Test
  void weights_areCastOnceInAStep() {
    Map<String, Long> casts =
        nodes.stream()
            .filter(node -> node.getOp().equals("Cast"))
            .map(node -> node.getInput(0))
            .filter(input -> input.startsWith("read/"))
            .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
    // 20 convolutions; their biases are left out in front of batch norms.
    assertThat(casts).hasSize(20);
    assertThat(casts.values()).containsOnly(1L);
  }

  private static boolean handlesBytes(NodeDef node) {
    return node.getAttrMap().values().stream()
        .anyMatch(value -> value.getType() == DataType.DT_UINT8);
  }
}
