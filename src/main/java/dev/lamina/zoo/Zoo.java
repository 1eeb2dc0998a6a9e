package dev.lamina.zoo;

import com.google.common.primitives.ImmutableDoubleArray;
import dev.lamina.data.Preprocessing;
import dev.lamina.graph.Device;
import dev.lamina.model.Model;
import dev.lamina.model.ModelLoader;
import dev.lamina.network.Network;
import dev.lamina.registry.NameTable;
import dev.lamina.registry.Options;
import dev.lamina.zoo.InvertedResidual.Naming;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Networks by name, for the command line and for files: the flagship, {@code resnet-cifar}, and
 * networks for larger pictures with the names of their weights in PyTorch (docs/pretrained.md has
 * the table).
 *
 * <pre>{@code
 * try (Model model = Zoo.get("resnet18").pretrained(weights).classes(photos.classNames()).build()) { ... }
 * }</pre>
 *
 * <p>Custom networks can be registered:
 *
 * <pre>{@code
 * Zoo.register("tiny", options ->
 *     Network.input(options.getInt("imageHeight", 32), options.getInt("imageWidth", 32), options.getInt("imageChannels", 3))
 *         .then(Conv2d.of(options.getInt("width", 8), 3), GlobalAveragePool.create(), Dense.of(options.getInt("classes", 10))));
 * try (Model model = Zoo.get("tiny").classes(3).build()) { ... }
 * }</pre>
 */
public final class Zoo {
  /** The default of {@code --network}. */
  public static final String DEFAULT = "resnet-cifar";

  private static final NameTable<Function<Options, Network>> NETWORKS = NameTable.of("network");

  static {
    register(DEFAULT, ResNetCifar::network);
    register("resnet18", new ResNet("ResNet-18", List.of(2, 2, 2, 2), false)::network);
    register("resnet34", new ResNet("ResNet-34", List.of(3, 4, 6, 3), false)::network);
    register("resnet50", new ResNet("ResNet-50", List.of(3, 4, 6, 3), true)::network);
    for (int depth : new int[] {20, 32, 44, 56, 110}) {
      register("resnet" + depth, CifarResNet.ofDepth(depth)::network);
    }
    register("resnet18-cifar", CifarResNet.resnet18()::network);
    register("wrn-16-4", new WideResNet(16, 4)::network);
    register("wrn-28-10", new WideResNet(28, 10)::network);
    register("resnet9", ResNet9::network);
    register("airbench94", Airbench.airbench94()::network);
    register("airbench96", Airbench.airbench96()::network);
    register("mobilenet_v3_small", MobileNetV3.small(Naming.TORCHVISION)::network);
    register("mobilenet_v3_large", MobileNetV3.large(Naming.TORCHVISION)::network);
    register("efficientnet_b0", new EfficientNet(Naming.TORCHVISION)::network);
    register("timm/mobilenetv3_small_100", MobileNetV3.small(Naming.TIMM)::network);
    register("timm/mobilenetv3_large_100", MobileNetV3.large(Naming.TIMM)::network);
    register("timm/efficientnet_b0", new EfficientNet(Naming.TIMM)::network);
  }

  private Zoo() {}

  /**
   * Registers a network.
   *
   * @param network builds it from the options that {@link Builder} can set, each with a default;
   *     options that it does not read are rejected
   * @throws IllegalArgumentException if the name is taken
   */
  public static void register(String name, Function<Options, Network> network) {
    NETWORKS.add(name, network);
  }

  /** Returns the names, sorted. */
  public static Set<String> names() {
    return NETWORKS.names();
  }

  /**
   * Returns a builder of a network, with default options.
   *
   * @throws IllegalArgumentException if there is no network of this name; the message suggests the
   *     nearest names
   */
  public static Builder get(String name) {
    return new Builder(name, NETWORKS.get(name));
  }

  /** The options of a network. Checked by {@link #network} and {@link #build}. */
  public static final class Builder {
    private final Function<Options, Network> network;
    private Options options;
    private Optional<Path> weights = Optional.empty();
    private Optional<List<String>> classNames = Optional.empty();
    private boolean named;
    private long seed;
    private Optional<Device> device = Optional.empty();
    private Optional<Pretrained.Config> config = Optional.empty();

    private Builder(String name, Function<Options, Network> network) {
      this.network = network;
      options = Options.none().owner("network \"%s\"".formatted(name));
    }

    /** Sets the channels of the first stage. */
    public Builder width(int width) {
      return option("width", width);
    }

    /** Sets the number of classes, which are named "0", "1", .... */
    public Builder classes(int classes) {
      classNames = Optional.of(IntStream.range(0, classes).mapToObj(Integer::toString).toList());
      named = false;
      return option("classes", classes);
    }

    /** Sets the names of the classes. */
    public Builder classes(List<String> names) {
      classNames = Optional.of(List.copyOf(names));
      named = true;
      return option("classes", names.size());
    }

    /**
     * Sets the weights to start from: a safetensors file with the names of the network, which any
     * program may have written. The classifier is kept if the number of classes is that of the
     * file, or is not set; with names of classes it is initialised again.
     */
    public Builder pretrained(Path weights) {
      this.weights = Optional.of(weights);
      return this;
    }

    /** Sets how the images of pretrained weights were prepared. */
    Builder config(Pretrained.Config config) {
      this.config = Optional.of(config);
      return imageSize(config.height(), config.width())
          .normalization(
              config.normalization().mean().toArray(), config.normalization().std().toArray());
    }

    /** Sets the height and width of the input. */
    public Builder imageSize(int height, int width) {
      return option("imageHeight", height).option("imageWidth", width);
    }

    /** Sets the channels of the input. */
    public Builder inputChannels(int channels) {
      return option("imageChannels", channels);
    }

    /** Sets mean and standard deviation of each channel, of pixels in [0, 1]. */
    public Builder normalization(double[] mean, double[] std) {
      return option("mean", ImmutableDoubleArray.copyOf(mean))
          .option("std", ImmutableDoubleArray.copyOf(std));
    }

    /** Sets the rate of dropout before the classifier. */
    public Builder dropout(double rate) {
      return option("dropout", rate);
    }

    /** Sets an option that only some networks have. */
    public Builder option(String name, Object value) {
      options = options.with(name, value);
      return this;
    }

    /** Sets the seed of the initial weights; 0 unless set. */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    /** Sets where the model is trained and run; {@link Device#auto()} unless set. */
    public Builder device(Device device) {
      this.device = Optional.of(device);
      return this;
    }

    /** Returns whether the network has an option, with those that were set. */
    public boolean has(String option) {
      Options asked = options.owner(options.owner());
      network.apply(asked).classes();
      return asked.wasAsked(option);
    }

    /** Returns the options that were set. */
    public Options options() {
      return options;
    }

    /**
     * Returns the architecture.
     *
     * @throws IllegalArgumentException if an option is invalid, or the network does not have it
     */
    public Network network() {
      Options asked = options.owner(options.owner());
      Network built = network.apply(asked);
      asked.checkNoOthers();
      return built;
    }

    /**
     * Returns a model with initial or pretrained weights. Close it.
     *
     * @throws IllegalArgumentException if an option is invalid, or the network does not have it
     * @throws dev.lamina.io.LaminaException if the weights are not of this network
     */
    public Model build() {
      Network network = network();
      Device device = this.device.orElseGet(Device::auto);
      if (weights.isPresent()) {
        Optional<Preprocessing> preprocessing =
            config.map(known -> known.preprocessing(network.height(), network.width()));
        Model model =
            ModelLoader.pretrained(weights.get(), network, classNames, named, seed, device);
        preprocessing.ifPresent(model::preprocessing);
        return model;
      }
      Model model = Model.of(network, seed, device);
      classNames.ifPresent(model::classNames);
      return model;
    }
  }
}
