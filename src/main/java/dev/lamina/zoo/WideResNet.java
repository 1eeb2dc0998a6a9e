package dev.lamina.zoo;

import dev.lamina.graph.Initializer;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Residual;
import dev.lamina.layer.Sequential;
import dev.lamina.network.Network;
import dev.lamina.registry.Options;

/**
 * Wide residual networks (Zagoruyko and Komodakis, arXiv 1605.07146): three stages of blocks with
 * the normalisation before each convolution, with the names of xternalz/WideResNet-pytorch. A block
 * that changes the number of channels has a 1x1 convolution of the normalised input as shortcut.
 *
 * @param depth the number of layers, 6 n + 4
 * @param factor the channels of the stages in units of 16, 32 and 64
 */
record WideResNet(int depth, int factor) {
  private static final int STEM = 16;

  /** Returns the network with the options of {@link Zoo}; width is that of the first stage. */
  Network network(Options options) {
    int width = Cifar.width(options, STEM * factor);
    double dropout = options.getDouble("dropout", 0);
    Network network =
        Cifar.input("WRN-" + depth + "-" + factor, options, 8)
            .then("conv1", ImageNet.conv(STEM, 3, 1));
    int in = STEM;
    for (int stage = 0; stage < 3; stage++) {
      Sequential blocks = Sequential.of();
      for (int block = 0; block < (depth - 4) / 6; block++) {
        int out = width << stage;
        blocks = blocks.then(block(in, out, stage > 0 && block == 0 ? 2 : 1, dropout));
        in = out;
      }
      network = network.then("block" + (stage + 1), Sequential.of().then("layer", blocks));
    }
    return network
        .then("bn1", BatchNorm.create())
        .then("relu", Activation.RELU)
        .then("pool", GlobalAveragePool.create())
        .then("fc", Dense.of(Cifar.classes(options)).biasInitializer(Initializer.zeros()));
  }

  private static Layer block(int in, int out, int stride, double dropout) {
    Sequential first =
        Sequential.of().then("bn1", BatchNorm.create()).then("relu1", Activation.RELU);
    Sequential rest =
        Sequential.of()
            .then("conv1", ImageNet.conv(out, 3, stride))
            .then("bn2", BatchNorm.create())
            .then("relu2", Activation.RELU);
    if (dropout != 0) {
      rest = rest.then("dropout", Dropout.of(dropout));
    }
    rest = rest.then("conv2", ImageNet.conv(out, 3, 1));
    if (in == out && stride == 1) {
      return residual(first.then("", rest));
    }
    Residual block = residual(rest);
    Sequential shortcut = Sequential.of().then("", ImageNet.conv(out, 1, stride));
    return first.then("", block.paths(block.main(), shortcut));
  }

  private static Residual residual(Sequential main) {
    return Residual.of(main).names("", "convShortcut").relu(false);
  }
}
