package dev.lamina.zoo;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.layer.Normalize;
import dev.lamina.network.Network;
import dev.lamina.registry.Options;

/** What the networks for images of 32x32 pixels share: their input, and the number of classes. */
final class Cifar {
  private static final int IMAGE_SIZE = 32;

  private Cifar() {}

  /**
   * Returns a network of nothing but the normalised input, by the options of {@link Zoo};
   * CIFAR-10's normalisation unless set.
   *
   * @param minSize the least height and width
   */
  static Network input(String name, Options options, int minSize) {
    int height = options.getInt("imageHeight", IMAGE_SIZE);
    int width = options.getInt("imageWidth", IMAGE_SIZE);
    int channels = options.getInt("imageChannels", 3);
    checkArgument(
        height >= minSize && width >= minSize,
        "imageSize must be at least %s x %s, got %s x %s",
        minSize,
        minSize,
        height,
        width);
    boolean own = options.has("mean") || options.has("std");
    checkArgument(
        channels == 3 || own,
        "normalization must be set if inputChannels is not 3, got inputChannels %s",
        channels);
    return Network.input(height, width, channels)
        .name(name)
        .then(
            "normalize",
            own
                ? new Normalize(options.getDoubles("mean"), options.getDoubles("std"))
                : ResNetCifar.CIFAR10_NORMALIZATION);
  }

  /** Returns the number of classes; 10 unless set. */
  static int classes(Options options) {
    int classes = options.getInt("classes", 10);
    checkArgument(classes > 1, "classes must be at least 2, got %s", classes);
    return classes;
  }

  /** Returns the channels of the first stage. */
  static int width(Options options, int ifMissing) {
    int width = options.getInt("width", ifMissing);
    checkArgument(width > 0, "width must be positive, got %s", width);
    return width;
  }
}
