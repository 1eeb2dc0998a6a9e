package dev.lamina.examples;

import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.MaxPool;
import dev.lamina.network.Network;
import dev.lamina.registry.Options;
import dev.lamina.zoo.Zoo;

/** Convolutions and max pools in a row, after Simonyan and Zisserman (arXiv 1409.1556). */
final class TinyVgg {
  private TinyVgg() {}

  /** Makes the network known to the command line and to files. */
  static void register() {
    Zoo.register("tiny-vgg", TinyVgg::network);
  }

  private static Network network(Options options) {
    int width = options.getInt("width", 8);
    return Network.input(
            options.getInt("imageHeight", 32),
            options.getInt("imageWidth", 32),
            options.getInt("imageChannels", 3))
        .name("TinyVgg")
        .then(Conv2d.of(width, 3), BatchNorm.create(), Activation.RELU, MaxPool.of(4))
        .then(Conv2d.of(2 * width, 3), BatchNorm.create(), Activation.RELU, MaxPool.of(4))
        .then(GlobalAveragePool.create(), Dense.of(options.getInt("classes", 10)));
  }
}
