package dev.lamina.cli;

import dev.lamina.data.ChannelStatistics;
import dev.lamina.data.ImageSet;
import dev.lamina.layer.Normalize;
import dev.lamina.registry.Options;
import dev.lamina.train.Recipes;
import dev.lamina.zoo.Pretrained;
import dev.lamina.zoo.ResNetCifar;
import dev.lamina.zoo.Zoo;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that choose a network of the zoo. */
final class NetworkOption {
  /** The width of the default network by recipe: for few images, or little time. */
  private static final Map<String, Integer> WIDTHS =
      Map.of(Recipes.QUICK, 8, "scratch-small", 16, "scratch-medium", 32);

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
      paramLabel = "N",
      description =
          "channels of the network's first stage, of a ResNet (default: the network's own; for "
              + Zoo.DEFAULT
              + " 8 by the recipe quick, 16 by scratch-small, 32 by scratch-medium)")
  @Nullable Integer width;

  /** Further options of the network, from a configuration file. */
  private Options more = Options.none();

  /** What has an option of its own, or is decided by the images, the seed and the classes. */
  private static final Set<String> OWN =
      Set.of(
          "name",
          "width",
          "seed",
          "classes",
          "imageHeight",
          "imageWidth",
          "imageChannels",
          RunConfig.PRETRAINED,
          RunConfig.FROM);

  /** Takes the name and the options of a network from a configuration file. */
  void take(Options network) {
    name = network.getString("name", name);
    if (width == null && network.has("width")) {
      width = network.getInt("width");
    }
    more = more(network);
  }

  /** Returns the options of a network that can be given in a configuration file only. */
  static Options more(Options network) {
    Options more = Options.none();
    for (var option : network.values().entrySet()) {
      if (!OWN.contains(option.getKey())) {
        more = more.with(option.getKey(), option.getValue());
      }
    }
    return more;
  }

  /** Returns the network with the width that was given. */
  Zoo.Builder builder() {
    Zoo.Builder builder = Zoo.get(name);
    return width == null ? builder : builder.width(width);
  }

  private Zoo.Builder withMore(Zoo.Builder builder) {
    more.values().forEach(builder::option);
    return builder;
  }

  /** Returns the network for a set and a recipe: narrower for recipes for few images. */
  Zoo.Builder builder(ImageSet images, String recipe) {
    Zoo.Builder builder = builder(images);
    Integer narrow = WIDTHS.get(recipe);
    return width == null && name.equals(Zoo.DEFAULT) && narrow != null
        ? builder.width(narrow)
        : builder;
  }

  /** Returns the network for a set, with its image size, classes and statistics. */
  Zoo.Builder builder(ImageSet images) {
    Normalize normalization = normalization(images);
    Zoo.Builder builder =
        withMore(
            sized(images)
                .normalization(normalization.mean().toArray(), normalization.std().toArray()));
    // A registered network need not normalise.
    return builder.has("mean") ? builder : withMore(sized(images));
  }

  private Zoo.Builder sized(ImageSet images) {
    return builder()
        .classes(images.classes())
        .imageSize(images.height(), images.width())
        .inputChannels(images.channels());
  }

  /** Returns the network of pretrained weights for a set, with its image size and classes. */
  Zoo.Builder builder(Pretrained pretrained, ImageSet images) {
    Zoo.Builder builder =
        pretrained.config().isPresent() ? pretrained.builder() : pretrained.builder(name);
    return withMore(width == null ? builder : builder.width(width))
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
