package dev.lamina.zoo;

import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Sequential;
import dev.lamina.layer.SqueezeExcitation;
import dev.lamina.network.Network;
import dev.lamina.registry.Options;
import dev.lamina.zoo.InvertedResidual.Naming;
import java.util.ArrayList;
import java.util.List;

/**
 * MobileNetV3 (Howard et al., "Searching for MobileNetV3", arXiv 1905.02244, tables 1 and 2), as in
 * torchvision or in timm. Besides the names these differ in batch norm: epsilon is 1e-3 and
 * momentum 0.01 in torchvision, 1e-5 and 0.1 in timm.
 *
 * @param name the name in tables
 * @param naming whose network it is
 * @param stages the blocks, by the stages of timm
 * @param head the channels of the layer before the classifier
 */
record MobileNetV3(String name, Naming naming, List<List<InvertedResidual>> stages, int head) {
  private static final int STEM = 16;
  private static final double DROPOUT = 0.2;

  /** Channels are multiples of this in squeeze and excitation. */
  private static final int DIVISOR = 8;

  /** The channels of the last convolution for one of its input. */
  private static final int EXPANSION = 6;

  static MobileNetV3 small(Naming naming) {
    return new MobileNetV3(
        "MobileNetV3-small",
        naming,
        List.of(
            List.of(relu(3, 16, 16, 2, true)),
            List.of(relu(3, 72, 24, 2, false), relu(3, 88, 24, 1, false)),
            List.of(swish(5, 96, 40, 2), swish(5, 240, 40, 1), swish(5, 240, 40, 1)),
            List.of(swish(5, 120, 48, 1), swish(5, 144, 48, 1)),
            List.of(swish(5, 288, 96, 2), swish(5, 576, 96, 1), swish(5, 576, 96, 1))),
        1024);
  }

  static MobileNetV3 large(Naming naming) {
    return new MobileNetV3(
        "MobileNetV3-large",
        naming,
        List.of(
            List.of(relu(3, 16, 16, 1, false)),
            List.of(relu(3, 64, 24, 2, false), relu(3, 72, 24, 1, false)),
            List.of(relu(5, 72, 40, 2, true), relu(5, 120, 40, 1, true), relu(5, 120, 40, 1, true)),
            List.of(
                plainSwish(240, 80, 2),
                plainSwish(200, 80, 1),
                plainSwish(184, 80, 1),
                plainSwish(184, 80, 1)),
            List.of(swish(3, 480, 112, 1), swish(3, 672, 112, 1)),
            List.of(swish(5, 672, 160, 2), swish(5, 960, 160, 1), swish(5, 960, 160, 1))),
        1280);
  }

  private static InvertedResidual relu(
      int kernel, int expanded, int out, int stride, boolean squeezes) {
    return block(kernel, expanded, out, stride, Activation.RELU, squeezes);
  }

  private static InvertedResidual swish(int kernel, int expanded, int out, int stride) {
    return block(kernel, expanded, out, stride, Activation.HARD_SWISH, true);
  }

  private static InvertedResidual plainSwish(int expanded, int out, int stride) {
    return block(3, expanded, out, stride, Activation.HARD_SWISH, false);
  }

  private static InvertedResidual block(
      int kernel, int expanded, int out, int stride, Activation activation, boolean squeezes) {
    return new InvertedResidual(
        kernel,
        expanded,
        out,
        stride,
        activation,
        squeezes
            ? SqueezeExcitation.of(divisible(expanded / 4))
                .activations(Activation.RELU, Activation.HARD_SIGMOID)
            : null,
        0);
  }

  /** Rounds to the nearest multiple of 8, but not down by more than 10 %. */
  private static int divisible(int channels) {
    int rounded = Math.max(DIVISOR, (channels + DIVISOR / 2) / DIVISOR * DIVISOR);
    return rounded < 0.9 * channels ? rounded + DIVISOR : rounded;
  }

  /** Returns the network with the options of {@link Zoo}. */
  Network network(Options options) {
    Network input = ImageNet.input(name, options);
    double dropout = options.getDouble("dropout", DROPOUT);
    int classes = ImageNet.classes(options);
    return naming == Naming.TIMM
        ? timm(input, dropout, classes)
        : torchvision(input, dropout, classes);
  }

  private Network torchvision(Network input, double dropout, int classes) {
    BatchNorm norm = BatchNorm.create().epsilon(1e-3).momentum(0.01);
    Sequential features = unit(Sequential.of(), "", 0, ImageNet.conv(STEM, 3, 2), norm);
    for (List<Layer> stage : layers(norm)) {
      for (Layer block : stage) {
        features = features.then(block);
      }
    }
    features = unit(features, "", 0, ImageNet.conv(last(), 1, 1), norm);
    return input
        .then("features", features)
        .then("avgpool", GlobalAveragePool.create())
        .then(
            "classifier",
            Sequential.of(
                Dense.of(head), Activation.HARD_SWISH, Dropout.of(dropout), Dense.of(classes)));
  }

  private Network timm(Network input, double dropout, int classes) {
    BatchNorm norm = BatchNorm.create();
    Sequential blocks = Sequential.of();
    for (List<Layer> stage : layers(norm)) {
      blocks = blocks.then(Sequential.of(stage.toArray(Layer[]::new)));
    }
    blocks =
        blocks.then(
            Sequential.of(unit(Sequential.of(), "conv", 1, ImageNet.conv(last(), 1, 1), norm)));
    Sequential body = unit(input.body(), "conv_stem", 1, ImageNet.conv(STEM, 3, 2), norm);
    return input
        .withBody(body)
        .then("blocks", blocks)
        .then("global_pool", GlobalAveragePool.create().keepDims(true))
        .then("conv_head", Conv2d.of(head, 1))
        .then("act2", Activation.HARD_SWISH)
        .then("flatten", Flatten.create())
        .then("dropout", Dropout.of(dropout))
        .then("classifier", Dense.of(classes));
  }

  private Sequential unit(Sequential before, String name, int number, Conv2d conv, BatchNorm norm) {
    return naming.unit(before, name, number, conv, norm, Activation.HARD_SWISH);
  }

  private int last() {
    List<InvertedResidual> stage = stages.get(stages.size() - 1);
    return EXPANSION * stage.get(stage.size() - 1).out();
  }

  private List<List<Layer>> layers(BatchNorm norm) {
    List<List<Layer>> layers = new ArrayList<>();
    int in = STEM;
    for (List<InvertedResidual> stage : stages) {
      List<Layer> blocks = new ArrayList<>();
      for (InvertedResidual block : stage) {
        blocks.add(block.layer(in, naming, norm));
        in = block.out();
      }
      layers.add(blocks);
    }
    return layers;
  }
}
