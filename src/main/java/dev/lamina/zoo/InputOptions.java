package dev.lamina.zoo;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.layer.Normalize;
import dev.lamina.network.Network;
import dev.lamina.registry.Options;

/**
 * What every network of the zoo takes from its options, with the defaults of a family of networks:
 * the input and the number of classes.
 *
 * @param imageSize the height and width of the input unless set
 * @param minSize the least height and width
 * @param normalization the normalisation of the input unless set
 * @param classes the number of classes unless set
 */
record InputOptions(int imageSize, int minSize, Normalize normalization, int classes) {

  /** Returns a network of nothing but the normalised input, by the options of {@link Zoo}. */
  Network input(String name, Options options) {
    int height = options.getInt("imageHeight", imageSize);
    int width = options.getInt("imageWidth", imageSize);
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
                : normalization);
  }

  /** Returns the number of classes. */
  int classes(Options options) {
    int chosen = options.getInt("classes", classes);
    checkArgument(chosen > 1, "classes must be at least 2, got %s", chosen);
    return chosen;
  }
}
