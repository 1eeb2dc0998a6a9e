package dev.lamina.zoo;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.network.Network;
import dev.lamina.registry.Options;

/** What the networks for images of 32x32 pixels share: their input, and the number of classes. */
final class Cifar {
  private Cifar() {}

  /**
   * Returns a network of nothing but the normalised input, by the options of {@link Zoo};
   * CIFAR-10's normalisation unless set.
   *
   * @param minSize the least height and width
   */
  static Network input(String name, Options options, int minSize) {
    return defaults(minSize).input(name, options);
  }

  /** Returns the number of classes; 10 unless set. */
  static int classes(Options options) {
    return defaults(1).classes(options);
  }

  private static InputOptions defaults(int minSize) {
    return new InputOptions(32, minSize, ResNetCifar.CIFAR10_NORMALIZATION, 10);
  }

  /** Returns the channels of the first stage. */
  static int width(Options options, int ifMissing) {
    int width = options.getInt("width", ifMissing);
    checkArgument(width > 0, "width must be positive, got %s", width);
    return width;
  }
}
