package dev.lamina.zoo;

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
  private static final InputOptions DEFAULTS = new InputOptions(224, 32, NORMALIZATION, CLASSES);

  private ImageNet() {}

  /** Returns a network of nothing but the normalised input, by the options of {@link Zoo}. */
  static Network input(String name, Options options) {
    return DEFAULTS.input(name, options);
  }

  /** Returns the number of classes; 1,000 unless set. */
  static int classes(Options options) {
    return DEFAULTS.classes(options);
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
