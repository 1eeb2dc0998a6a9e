package dev.lamina.zoo;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.MaxPool;
import dev.lamina.layer.Padding;
import dev.lamina.layer.Residual;
import dev.lamina.layer.Sequential;
import dev.lamina.network.Network;
import dev.lamina.registry.Options;
import java.util.List;

/**
 * ResNet for ImageNet (He et al., arXiv 1512.03385), with the names of torchvision and timm, which
 * agree: a 7x7 stem of stride 2, max pooling, and four stages of residual blocks. As there, the
 * bottleneck of ResNet-50 has its stride in the 3x3 convolution.
 *
 * <table>
 * <caption>Stages at width 64 and 224x224 pixels</caption>
 * <tr><td>conv1, bn1, relu, maxpool</td><td>56x56x64</td></tr>
 * <tr><td>layer1</td><td>56x56x64; bottleneck: 256 channels</td></tr>
 * <tr><td>layer2</td><td>28x28x128; 512</td></tr>
 * <tr><td>layer3</td><td>14x14x256; 1024</td></tr>
 * <tr><td>layer4</td><td>7x7x512; 2048</td></tr>
 * <tr><td>avgpool, fc</td><td>1000</td></tr>
 * </table>
 *
 * @param name the name in tables
 * @param blocks the blocks of each stage
 * @param bottleneck whether a block is 1x1, 3x3, 1x1 with 4 times the channels; else 3x3, 3x3
 */
record ResNet(String name, List<Integer> blocks, boolean bottleneck) {
  private static final int WIDTH = 64;

  /** The channels of a bottleneck's output for one inside it. */
  private static final int EXPANSION = 4;

  /** Returns the network with the options of {@link Zoo}. */
  Network network(Options options) {
    int width = options.getInt("width", WIDTH);
    checkArgument(width > 0, "width must be positive, got %s", width);
    Network network =
        ImageNet.input(name, options)
            .then("conv1", ImageNet.conv(width, 7, 2))
            .then("bn1", BatchNorm.create())
            .then("relu", Activation.RELU)
            .then("maxpool", MaxPool.of(3).stride(2).padding(Padding.HALF));
    int in = width;
    for (int stage = 0; stage < blocks.size(); stage++) {
      int inner = width << stage;
      Sequential layers = Sequential.of();
      for (int block = 0; block < blocks.get(stage); block++) {
        layers = layers.then(block(in, inner, stage > 0 && block == 0 ? 2 : 1));
        in = out(inner);
      }
      network = network.then("layer" + (stage + 1), layers);
    }
    network = network.then("avgpool", GlobalAveragePool.create());
    double dropout = options.getDouble("dropout", 0);
    if (dropout != 0) {
      network = network.then("dropout", Dropout.of(dropout));
    }
    return network.then("fc", Dense.of(ImageNet.classes(options)));
  }

  private int out(int inner) {
    return bottleneck ? EXPANSION * inner : inner;
  }

  private Residual block(int in, int inner, int stride) {
    Sequential main = bottleneck ? bottleneck(inner, stride) : basic(inner, stride);
    Residual block = Residual.of(main).names("", "downsample");
    int out = out(inner);
    return in == out && stride == 1
        ? block
        : block.shortcut(ImageNet.conv(out, 1, stride), BatchNorm.create());
  }

  private static Sequential basic(int inner, int stride) {
    return Sequential.of()
        .then("conv1", ImageNet.conv(inner, 3, stride))
        .then("bn1", BatchNorm.create())
        .then("relu", Activation.RELU)
        .then("conv2", ImageNet.conv(inner, 3, 1))
        .then("bn2", BatchNorm.create());
  }

  private static Sequential bottleneck(int inner, int stride) {
    return Sequential.of()
        .then("conv1", ImageNet.conv(inner, 1, 1))
        .then("bn1", BatchNorm.create())
        .then("relu1", Activation.RELU)
        .then("conv2", ImageNet.conv(inner, 3, stride))
        .then("bn2", BatchNorm.create())
        .then("relu2", Activation.RELU)
        .then("conv3", ImageNet.conv(EXPANSION * inner, 1, 1))
        .then("bn3", BatchNorm.create());
  }
}
