package dev.lamina.zoo;

import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Sequential;
import dev.lamina.layer.SqueezeExcitation;
import dev.lamina.network.Network;
import dev.lamina.registry.Options;
import dev.lamina.zoo.InvertedResidual.Naming;
import java.util.List;

/**
 * EfficientNet-B0 (Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
 * Networks", arXiv 1905.11946, table 1), with the names of torchvision or of timm. The rate of
 * stochastic depth grows with depth: the last block would have {@code stochasticDepth}, an option
 * that is 0.2 unless set.
 *
 * @param naming whose names it has
 */
record EfficientNet(Naming naming) {
  private static final int STEM = 32;
  private static final int HEAD = 1280;
  private static final double DROPOUT = 0.2;
  private static final double STOCHASTIC_DEPTH = 0.2;

  /** The input channels of a block for one channel of its squeeze and excitation. */
  private static final int SQUEEZE = 4;

  /** Blocks of the same kind, of which the first has the stride. */
  private record Stage(int expansion, int kernel, int stride, int out, int blocks) {}

  private static final List<Stage> STAGES =
      List.of(
          new Stage(1, 3, 1, 16, 1),
          new Stage(6, 3, 2, 24, 2),
          new Stage(6, 5, 2, 40, 2),
          new Stage(6, 3, 2, 80, 3),
          new Stage(6, 5, 1, 112, 3),
          new Stage(6, 5, 2, 192, 4),
          new Stage(6, 3, 1, 320, 1));

  /** Returns the network with the options of {@link Zoo}. */
  Network network(Options options) {
    Network input = ImageNet.input("EfficientNet-B0", options);
    Dropout dropout = Dropout.of(options.getDouble("dropout", DROPOUT));
    Dense classifier = Dense.of(ImageNet.classes(options));
    Sequential stages = stages(options.getDouble("stochasticDepth", STOCHASTIC_DEPTH));
    Conv2d stem = ImageNet.conv(STEM, 3, 2);
    Conv2d head = ImageNet.conv(HEAD, 1, 1);
    if (naming == Naming.TIMM) {
      Network network =
          input.withBody(unit(input.body(), "conv_stem", 1, stem)).then("blocks", stages);
      return network
          .withBody(unit(network.body(), "conv_head", 2, head))
          .then("global_pool", GlobalAveragePool.create())
          .then("dropout", dropout)
          .then("classifier", classifier);
    }
    Sequential features = unit(Sequential.of(), "", 0, stem);
    for (Sequential.Named stage : stages.layers()) {
      features = features.then(stage.layer());
    }
    return input
        .then("features", unit(features, "", 0, head))
        .then("avgpool", GlobalAveragePool.create())
        .then("classifier", Sequential.of(dropout, classifier));
  }

  private Sequential unit(Sequential before, String name, int number, Conv2d conv) {
    return naming.unit(before, name, number, conv, BatchNorm.create(), Activation.SILU);
  }

  private Sequential stages(double stochasticDepth) {
    int count = STAGES.stream().mapToInt(Stage::blocks).sum();
    int number = 0;
    int in = STEM;
    Sequential stages = Sequential.of();
    for (Stage stage : STAGES) {
      Sequential blocks = Sequential.of();
      for (int i = 0; i < stage.blocks(); i++) {
        InvertedResidual block =
            new InvertedResidual(
                stage.kernel(),
                stage.expansion() * in,
                stage.out(),
                i == 0 ? stage.stride() : 1,
                Activation.SILU,
                SqueezeExcitation.of(in / SQUEEZE).activations(Activation.SILU, Activation.SIGMOID),
                stochasticDepth * number++ / count);
        blocks = blocks.then(block.layer(in, naming, BatchNorm.create()));
        in = stage.out();
      }
      stages = stages.then(blocks);
    }
    return stages;
  }
}
