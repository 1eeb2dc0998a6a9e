package dev.lamina.zoo;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lamina.data.Preprocessing;
import dev.lamina.data.Resize;
import dev.lamina.io.Hub;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import dev.lamina.io.WebAddress;
import dev.lamina.layer.Normalize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Weights to start from: a file, an address, or a model of a hub.
 *
 * <pre>{@code
 * Pretrained pretrained = Pretrained.of("timm/resnet18.a1_in1k", cache, System.getenv());
 * try (Model model = pretrained.builder().classes(photos.classNames()).build()) { ... }
 * }</pre>
 *
 * @param weights the local safetensors file
 * @param config what the hub says about the model; empty for a file and an address
 */
public record Pretrained(Path weights, Optional<Config> config) {
  private static final Pattern MODEL = Pattern.compile("\\w[\\w.-]*/\\w[\\w.-]*");
  private static final Pattern FILE = Pattern.compile("(?i).*\\.(safetensors|pth|pt|ckpt|bin)");
  private static final String WEIGHTS = "model.safetensors";
  private static final String CONFIG = "config.json";
  private static final String TIMM = "timm/";

  /**
   * How the images of the training were prepared, and for which network, as timm's {@code
   * config.json} says it.
   *
   * @param network the name of the network in the zoo
   * @param height the height of the images in pixels
   * @param width the width of the images in pixels
   * @param interpolation how they were resized, such as {@code bicubic}
   * @param cropShare the share of the resized image that is cropped out of its middle: {@code
   *     crop_pct}
   * @param normalization mean and standard deviation, of pixels in [0, 1]
   */
  public record Config(
      String network,
      int height,
      int width,
      String interpolation,
      double cropShare,
      Normalize normalization) {
    /** Returns how image files are prepared: timm evaluates with a crop of the middle. */
    public Preprocessing preprocessing() {
      return preprocessing(height, width);
    }

    /** Returns the same for a network of another image size. */
    Preprocessing preprocessing(int height, int width) {
      Resize.Filter filter =
          interpolation.equals("bicubic") ? Resize.Filter.BICUBIC : Resize.Filter.BILINEAR;
      return Preprocessing.of(Resize.cover(height, width).crop(cropShare).filter(filter));
    }
  }

  /**
   * Returns the weights of a source, downloading them first if they are not in the cache.
   *
   * @param source an existing file, an http or https address, or ORG/NAME of a model in a {@link
   *     Hub}
   * @param cache the folder for downloads
   * @param environment variables by name, as {@link System#getenv()} gives them, for the hub
   * @throws LaminaException if the source is none of these, cannot be downloaded, or the network of
   *     the model is not in the zoo
   */
  public static Pretrained of(String source, Path cache, Map<String, String> environment) {
    if (source.matches("https?://.*")) {
      Path file = Hub.of(cache, environment).file(WebAddress.parse("pretrained weights", source));
      return new Pretrained(file, Optional.empty());
    }
    Path file = Path.of(source);
    if (Files.isRegularFile(file)) {
      return new Pretrained(file, Optional.empty());
    }
    if (!MODEL.matcher(source).matches()) {
      throw new LaminaException(
          "pretrained weights must be an existing file, an address, or a model such as timm/resnet18.a1_in1k, got %s"
              .formatted(source));
    }
    // A mistyped path is not asked for at the hub; a folder named timm may be that of its sources.
    if (FILE.matcher(source).matches()
        || (!source.startsWith(TIMM) && Files.isDirectory(file.resolveSibling("")))) {
      throw new LaminaException(source + " does not exist; check the path");
    }
    Hub hub = Hub.of(cache, environment);
    Config config = read(source, hub.file(source, CONFIG));
    return new Pretrained(hub.file(source, WEIGHTS), Optional.of(config));
  }

  /**
   * Returns a builder of the model's own network, with these weights, its image size and its
   * normalisation. Its model prepares image files as {@link Config#preprocessing} says.
   */
  public Zoo.Builder builder() {
    Config known =
        config.orElseThrow(
            () ->
                new IllegalArgumentException(
                    "network must be named for weights that are not from a hub; use builder(name)"));
    return builder(known.network());
  }

  /**
   * Returns a builder of a network, with these weights.
   *
   * @throws IllegalArgumentException if the weights are from a hub, and of another network
   */
  public Zoo.Builder builder(String network) {
    Zoo.Builder builder = Zoo.get(network).pretrained(weights);
    config.ifPresent(
        known -> {
          checkArgument(
              network.equals(known.network()),
              "network must be %s, that of the weights, got %s; use builder()",
              known.network(),
              network);
          builder.config(known);
        });
    return builder;
  }

  private static Config read(String model, Path file) {
    try {
      JsonNode config = JsonMapper.builder().build().readTree(file.toFile());
      String architecture = config.path("architecture").asText();
      // Older models have all of it side by side.
      JsonNode images =
          config.path("pretrained_cfg").isObject() ? config.path("pretrained_cfg") : config;
      return new Config(
          network(model, architecture),
          positive(images.path("input_size").path(1)),
          positive(images.path("input_size").path(2)),
          // These two with timm's defaults.
          images.hasNonNull("interpolation") ? images.get("interpolation").asText() : "bicubic",
          images.path("crop_pct").asDouble(0.875),
          Normalize.of(numbers(images.path("mean")), numbers(images.path("std"))));
    } catch (IOException | IllegalArgumentException e) {
      throw new LaminaException(
          "%s does not describe a model of timm (%s); download its weights and name the network"
              .formatted(file, Messages.reason(e)),
          e);
    }
  }

  /** Returns timm's network of this name, or torchvision's where the two are the same. */
  private static String network(String model, String architecture) {
    if (Zoo.names().contains(TIMM + architecture)) {
      return TIMM + architecture;
    }
    if (!Zoo.names().contains(architecture)) {
      throw new LaminaException(
          "%s is of the architecture \"%s\", which is not in the zoo; choose a model of one of %s"
              .formatted(
                  Messages.singleLine(model), Messages.singleLine(architecture), Zoo.names()));
    }
    return architecture;
  }

  private static int positive(JsonNode size) {
    if (!size.isInt() || size.intValue() <= 0) {
      throw new IllegalArgumentException("input_size must be [channels, height, width]");
    }
    return size.intValue();
  }

  private static double[] numbers(JsonNode list) {
    double[] numbers = new double[list.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = list.path(i).asDouble();
    }
    return numbers;
  }
}
