package dev.lamina.zoo;

import dev.lamina.graph.Initializer;
import dev.lamina.layer.Activation;
import dev.lamina.layer.AveragePool;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.ChannelPad;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Padding;
import dev.lamina.layer.Residual;
import dev.lamina.layer.Sequential;
import dev.lamina.network.Network;
import dev.lamina.registry.Options;

/**
 * ResNets for CIFAR with the names of two widely used PyTorch repositories: a 3x3 convolution, and
 * stages of basic blocks, of which all but the first halve height and width and double the
 * channels.
 *
 * <table>
 * <caption>Forms</caption>
 * <tr><td>of the paper (He et al., arXiv 1512.03385, section 4.2)</td><td>3 stages from 16 channels on, shortcuts without parameters (option A); names of akamaster/pytorch_resnet_cifar10</td></tr>
 * <tr><td>ResNet-18 as for ImageNet</td><td>4 stages from 64 channels on, 1x1 convolutions in shortcuts; names of kuangliu/pytorch-cifar</td></tr>
 * </table>
 *
 * @param name the name in tables
 * @param stages the number of stages
 * @param blocks the blocks of each stage
 * @param width the channels of the first stage, unless set
 * @param projects whether shortcuts that change the shape have a convolution
 * @param initializer the initial weights of convolutions and of the classifier
 */
record CifarResNet(
    String name, int stages, int blocks, int width, boolean projects, Initializer initializer) {

  /** Returns the network of the paper with a number of layers: 6 n + 2. */
  static CifarResNet ofDepth(int depth) {
    return new CifarResNet(
        "ResNet-" + depth, 3, (depth - 2) / 6, 16, false, Initializer.heNormal());
  }

  /** Returns ResNet-18 with the first layers for small images. */
  static CifarResNet resnet18() {
    return new CifarResNet("ResNet-18-CIFAR", 4, 2, 64, true, Initializer.fanInUniform());
  }

  /** Returns the network with the options of {@link Zoo}. */
  Network network(Options options) {
    int in = Cifar.width(options, width);
    Network network =
        Cifar.input(name, options, 8)
            .then("conv1", conv(in, 3, 1))
            .then("bn1", BatchNorm.create())
            .then("relu", Activation.RELU);
    for (int stage = 0; stage < stages; stage++) {
      Sequential layers = Sequential.of();
      for (int block = 0; block < blocks; block++) {
        boolean halves = stage > 0 && block == 0;
        layers = layers.then(block(in, halves));
        in = halves ? 2 * in : in;
      }
      network = network.then("layer" + (stage + 1), layers);
    }
    return network
        .then("pool", GlobalAveragePool.create())
        .then("linear", Dense.of(Cifar.classes(options)).initializer(initializer));
  }

  private Residual block(int in, boolean halves) {
    int out = halves ? 2 * in : in;
    Residual block =
        Residual.of(
                Sequential.of()
                    .then("conv1", conv(out, 3, halves ? 2 : 1))
                    .then("bn1", BatchNorm.create())
                    .then("relu", Activation.RELU)
                    .then("conv2", conv(out, 3, 1))
                    .then("bn2", BatchNorm.create()))
            .names("", "shortcut");
    if (!halves) {
      return block;
    }
    return projects
        ? block.shortcut(conv(out, 1, 2), BatchNorm.create())
        : block.shortcut(AveragePool.of(1).stride(2), ChannelPad.of(in / 2, in - in / 2));
  }

  private Conv2d conv(int filters, int kernel, int stride) {
    return Conv2d.of(filters, kernel)
        .stride(stride)
        .padding(stride == 1 ? Padding.SAME : Padding.HALF)
        .bias(false)
        .initializer(initializer);
  }
}
