package dev.lamina.zoo;

import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.MaxPool;
import dev.lamina.layer.Rescale;
import dev.lamina.layer.Residual;
import dev.lamina.layer.Sequential;
import dev.lamina.network.Network;
import dev.lamina.registry.Options;

/**
 * ResNet-9 (Page, "How to train your ResNet", 2018, part 4), with the names of
 * davidcpage/cifar10-fast: four stages of a 3x3 convolution, all but the first with max pooling;
 * the second and the last with a residual block of two more. The logits are scaled by 1/8.
 */
final class ResNet9 {
  private static final int WIDTH = 64;
  private static final double LOGIT_SCALE = 0.125;

  private ResNet9() {}

  /** Returns the network with the options of {@link Zoo}. */
  static Network network(Options options) {
    int width = Cifar.width(options, WIDTH);
    Network input = Cifar.input("ResNet-9", options, 32);
    return input
        .then("prep", unit(width))
        .then("layer1", stage(2 * width).then("residual", residual(2 * width)))
        .then("layer2", stage(4 * width))
        .then("layer3", stage(8 * width).then("residual", residual(8 * width)))
        .then("pool", MaxPool.of(4))
        .then("flatten", Flatten.create())
        .then("linear", Dense.of(Cifar.classes(options)).bias(false))
        .then("logits", Rescale.of(LOGIT_SCALE));
  }

  private static Sequential unit(int filters) {
    return Sequential.of()
        .then("conv", Conv2d.of(filters, 3).bias(false))
        .then("bn", BatchNorm.create())
        .then("relu", Activation.RELU);
  }

  private static Sequential stage(int filters) {
    return unit(filters).then("pool", MaxPool.of(2));
  }

  private static Residual residual(int filters) {
    return Residual.of(Sequential.of().then("res1", unit(filters)).then("res2", unit(filters)))
        .names("", "shortcut")
        .relu(false);
  }
}
