package dev.lamina.zoo;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Initializer;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Normalize;
import dev.lamina.layer.Padding;
import dev.lamina.network.Network;
import dev.lamina.registry.Options;

/** What the networks for ImageNet share: their input, and PyTorch's form of a convolution. */
public final class ImageNet {
  /** The normalisation of torchvision's weights and of most of timm's. */
  public static final Normalize NORMALIZATION =
      Normalize.of(new double[] {0.485, 0.456, 0.406}, new double[] {0.229, 0.224, 0.225});

  static final int CLASSES = 1000;
  private static final int IMAGE_SIZE = 224;
  private static final int MIN_IMAGE_SIZE = 32;

  private ImageNet() {}

  /** Returns a network of nothing but the normalised input, by the options of {@link Zoo}. */
  static Network input(String name, Options options) {
    int height = options.getInt("imageHeight", IMAGE_SIZE);
    int width = options.getInt("imageWidth", IMAGE_SIZE);
    int channels = options.getInt("imageChannels", 3);
    checkArgument(
        height >= MIN_IMAGE_SIZE && width >= MIN_IMAGE_SIZE,
        "imageSize must be at least %s x %s, got %s x %s",
        MIN_IMAGE_SIZE,
        MIN_IMAGE_SIZE,
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
                : NORMALIZATION);
  }

  /** Returns the number of classes. */
  static int classes(Options options) {
    int classes = options.getInt("classes", CLASSES);
    checkArgument(classes > 1, "classes must be at least 2, got %s", classes);
    return classes;
  }

  /** Returns a convolution without bias that pads kernel / 2 on every side, as in PyTorch. */
  static Conv2d conv(int filters, int kernel, int stride) {
    return Conv2d.of(filters, kernel)
        .stride(stride)
        .padding(stride == 1 ? Padding.SAME : Padding.HALF)
        .bias(false)
        .initializer(Initializer.heNormalFanOut());
  }
}
