package dev.lamina.cli;

import dev.lamina.data.ChannelStatistics;
import dev.lamina.data.ImageSet;
import dev.lamina.layer.Normalize;
import dev.lamina.zoo.Pretrained;
import dev.lamina.zoo.ResNetCifar;
import dev.lamina.zoo.Zoo;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that choose a network of the zoo. */
final class NetworkOption {
  /** The default width for the quick recipe. */
  static final int QUICK_WIDTH = 8;

  private static final List<String> CIFAR10_CLASSES =
      List.of(
          "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");

  @Option(
      names = "--network",
      paramLabel = "NAME",
      defaultValue = Zoo.DEFAULT,
      description = "the network, by its name in the zoo (default: ${DEFAULT-VALUE})")
  String name = Zoo.DEFAULT;

  @Option(
      names = "--width",
      description =
          "channels of the network's first stage, of a ResNet (default: the network's own, or "
              + QUICK_WIDTH
              + " for "
              + Zoo.DEFAULT
              + " by the quick recipe)")
  @Nullable Integer width;

  /** Returns the network with the width that was given. */
  Zoo.Builder builder() {
    Zoo.Builder builder = Zoo.get(name);
    return width == null ? builder : builder.width(width);
  }

  /** Returns the network for a set, with its image size, classes and statistics. */
  Zoo.Builder builder(ImageSet images) {
    Normalize normalization = normalization(images);
    return builder()
        .classes(images.classes())
        .imageSize(images.height(), images.width())
        .inputChannels(images.channels())
        .normalization(normalization.mean().toArray(), normalization.std().toArray());
  }

  /**
   * Returns the network for a set; that of the default name is narrow by the quick recipe, unless a
   * width was given.
   */
  Zoo.Builder builder(ImageSet images, boolean quick) {
    boolean narrow = quick && width == null && name.equals(Zoo.DEFAULT);
    return narrow ? builder(images).width(QUICK_WIDTH) : builder(images);
  }

  /** Returns the network of pretrained weights for a set, with its image size and classes. */
  Zoo.Builder builder(Pretrained pretrained, ImageSet images) {
    Zoo.Builder builder =
        pretrained.config().isPresent() ? pretrained.builder() : pretrained.builder(name);
    return (width == null ? builder : builder.width(width))
        .imageSize(images.height(), images.width())
        .classes(images.classNames());
  }

  /** Returns the name of the network in output. */
  String describe() {
    return width == null ? name : name + " of width " + width;
  }

  /** Computes the statistics of images; CIFAR-10 has published constants. */
  static Normalize normalization(ImageSet images) {
    if (images.height() == 32
        && images.width() == 32
        && images.classNames().equals(CIFAR10_CLASSES)) {
      return ResNetCifar.CIFAR10_NORMALIZATION;
    }
    ChannelStatistics statistics = ChannelStatistics.of(images);
    return Normalize.of(statistics.mean().toArray(), statistics.std().toArray());
  }
}
