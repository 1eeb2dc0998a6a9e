package dev.lamina.layer;

import com.google.common.primitives.ImmutableDoubleArray;
import dev.lamina.registry.Options;
import dev.lamina.registry.Registry;
import dev.lamina.registry.UnregisteredException;
import java.util.List;

/**
 * The layers that files can hold. A layer of one's own is registered beside them and is then
 * written, loaded and resumed like them:
 *
 * <pre>{@code
 * LayerTypes.REGISTRY.register("Scale", Scale.class,
 *     scale -> Options.none().with("factor", scale.factor()),
 *     options -> Scale.of(options.getDouble("factor")));
 * }</pre>
 *
 * <p>Initial values are not written, since weights are stored beside the layers.
 */
public final class LayerTypes {
  /** The layers by the names that they have in files. */
  public static final Registry<Layer> REGISTRY =
      Registry.<Layer>of("layer", "LayerTypes.REGISTRY")
          .register("Activation", Activation.class, LayerTypes::optionsOf, LayerTypes::activation)
          .register("Add", Add.class, x -> optionsOf(x.branches()), o -> new Add(branches(o)))
          .register(
              "AveragePool", AveragePool.class, LayerTypes::optionsOf, LayerTypes::averagePool)
          .register("BatchNorm", BatchNorm.class, LayerTypes::optionsOf, LayerTypes::batchNorm)
          .register(
              "Celu",
              Celu.class,
              x -> Options.none().with("alpha", x.alpha()),
              o -> Celu.of(o.getDouble("alpha")))
          .register(
              "ChannelPad",
              ChannelPad.class,
              x -> Options.none().with("before", x.before()).with("after", x.after()),
              o -> ChannelPad.of(o.getInt("before"), o.getInt("after")))
          .register(
              "Concat", Concat.class, x -> optionsOf(x.branches()), o -> new Concat(branches(o)))
          .register("Conv2d", Conv2d.class, LayerTypes::optionsOf, LayerTypes::conv2d)
          .register("Dense", Dense.class, LayerTypes::optionsOf, LayerTypes::dense)
          .register("Dropout", Dropout.class, LayerTypes::optionsOf, LayerTypes::dropout)
          .register("Flatten", Flatten.class, x -> Options.none(), o -> Flatten.create())
          .register(
              "GlobalAveragePool",
              GlobalAveragePool.class,
              x -> x.keepDims() ? Options.none().with("keepDims", true) : Options.none(),
              o -> new GlobalAveragePool(o.getBoolean("keepDims", false)))
          .register("MaxPool", MaxPool.class, LayerTypes::optionsOf, LayerTypes::maxPool)
          .register("Normalize", Normalize.class, LayerTypes::optionsOf, LayerTypes::normalize)
          .register("Rescale", Rescale.class, LayerTypes::optionsOf, LayerTypes::rescale)
          .register("Residual", Residual.class, LayerTypes::optionsOf, LayerTypes::residual)
          .register("Sequential", Sequential.class, LayerTypes::optionsOf, LayerTypes::sequential)
          .register(
              "SqueezeExcitation",
              SqueezeExcitation.class,
              LayerTypes::optionsOf,
              LayerTypes::squeezeExcitation)
          .register(
              "StochasticDepth",
              StochasticDepth.class,
              x -> Options.none().with("rate", x.rate()),
              o -> StochasticDepth.of(o.getDouble("rate")))
          .register(
              "Whitening",
              Whitening.class,
              x -> Options.none().with("kernel", x.kernel()).with("epsilon", x.epsilon()),
              LayerTypes::whitening)
          .register("ZeroPad", ZeroPad.class, LayerTypes::optionsOf, LayerTypes::zeroPad);

  /** Marks a layer of which nothing but its kind was written. */
  private static final String CODE = "code";

  private LayerTypes() {}

  /**
   * Returns a layer as options; with layers inside another, its writer does this. Of a layer that
   * is not registered, such as a lambda, its kind is kept alone, and it cannot be read back.
   */
  public static Options write(Layer layer) {
    return REGISTRY.name(layer).isPresent()
        ? REGISTRY.write(layer)
        : Options.none().with(Registry.KIND, layer.kind()).with(CODE, true);
  }

  /**
   * Returns the layer that was written; with layers inside another, its reader does this.
   *
   * @throws UnregisteredException if its class is not registered, or was not when it was written
   * @throws IllegalArgumentException if an option is missing, breaks its rule or is not known
   */
  public static Layer read(Options options) {
    String kind = options.getString(Registry.KIND);
    // Files of format 1 have no mark for code.
    if (options.has(CODE) || kind.startsWith("Lambda ")) {
      throw new UnregisteredException(
          "%s is of the kind \"%s\", which is code and was not written; write it as a layer that is registered"
              .formatted(describe(options), kind));
    }
    return REGISTRY.read(options);
  }

  /**
   * Returns the {@link Sequential} that was written.
   *
   * @throws IllegalArgumentException if another layer was, or as for {@link #read}
   */
  public static Sequential readSequential(Options options) {
    if (read(options) instanceof Sequential sequential) {
      return sequential;
    }
    throw new IllegalArgumentException(
        "%s must be a Sequential, got \"%s\""
            .formatted(describe(options), options.getString(Registry.KIND)));
  }

  private static String describe(Options options) {
    return options.path().isEmpty() ? "body" : "layer \"" + options.path() + "\"";
  }

  private static Options optionsOf(Activation layer) {
    return Options.none().with("function", layer);
  }

  private static Activation activation(Options options) {
    return options.getEnum("function", Activation.class);
  }

  private static Options optionsOf(List<Layer> branches) {
    return Options.none().with("branches", branches.stream().map(LayerTypes::write).toList());
  }

  private static List<Layer> branches(Options options) {
    return options.getOptionsList("branches").stream().map(LayerTypes::read).toList();
  }

  private static Options optionsOf(AveragePool layer) {
    return Options.none()
        .with("size", layer.size())
        .with("stride", layer.stride())
        .with("padding", layer.padding());
  }

  private static AveragePool averagePool(Options options) {
    AveragePool layer = AveragePool.of(options.getInt("size"));
    return layer
        .stride(options.getInt("stride", layer.stride()))
        .padding(options.getEnum("padding", layer.padding()));
  }

  private static Options optionsOf(BatchNorm layer) {
    Options options =
        Options.none().with("epsilon", layer.epsilon()).with("momentum", layer.momentum());
    options = layer.scale() ? options : options.with("scale", false);
    return layer.synchronizedStatistics() ? options.with("synchronizedStatistics", true) : options;
  }

  private static BatchNorm batchNorm(Options options) {
    BatchNorm layer = BatchNorm.create();
    return layer
        .epsilon(options.getDouble("epsilon", layer.epsilon()))
        .momentum(options.getDouble("momentum", layer.momentum()))
        .scale(options.getBoolean("scale", layer.scale()))
        .synchronizedStatistics(
            options.getBoolean("synchronizedStatistics", layer.synchronizedStatistics()));
  }

  private static Options optionsOf(Conv2d layer) {
    return Options.none()
        .with("filters", layer.filters())
        .with("kernel", layer.kernel())
        .with("stride", layer.stride())
        .with("padding", layer.padding())
        .with("groups", layer.groups())
        .with("bias", layer.bias());
  }

  private static Conv2d conv2d(Options options) {
    Conv2d layer = Conv2d.of(options.getInt("filters"), options.getInt("kernel"));
    return layer
        .stride(options.getInt("stride", layer.stride()))
        .padding(options.getEnum("padding", layer.padding()))
        .groups(options.getInt("groups", layer.groups()))
        .bias(options.getBoolean("bias", layer.bias()));
  }

  private static Options optionsOf(Dense layer) {
    return Options.none().with("units", layer.units()).with("bias", layer.bias());
  }

  private static Dense dense(Options options) {
    Dense layer = Dense.of(options.getInt("units"));
    return layer.bias(options.getBoolean("bias", layer.bias()));
  }

  private static Options optionsOf(Dropout layer) {
    return Options.none().with("rate", layer.rate());
  }

  private static Dropout dropout(Options options) {
    return Dropout.of(options.getDouble("rate"));
  }

  private static Options optionsOf(MaxPool layer) {
    return Options.none()
        .with("size", layer.size())
        .with("stride", layer.stride())
        .with("padding", layer.padding());
  }

  private static MaxPool maxPool(Options options) {
    MaxPool layer = MaxPool.of(options.getInt("size"));
    return layer
        .stride(options.getInt("stride", layer.stride()))
        .padding(options.getEnum("padding", layer.padding()));
  }

  private static Options optionsOf(Normalize layer) {
    return Options.none().with("mean", layer.mean()).with("std", layer.std());
  }

  /** Files of format 1 call the standard deviation "deviation". */
  private static Normalize normalize(Options options) {
    ImmutableDoubleArray std = options.getDoubles(options.has("deviation") ? "deviation" : "std");
    return new Normalize(options.getDoubles("mean"), std);
  }

  private static Options optionsOf(Rescale layer) {
    return Options.none().with("scale", layer.scale()).with("offset", layer.offset());
  }

  private static Rescale rescale(Options options) {
    Rescale layer = Rescale.of(options.getDouble("scale"));
    return layer.offset(options.getDouble("offset", layer.offset()));
  }

  /** Options that came later are written if they are set: checkpoints compare what is written. */
  private static Options optionsOf(Residual layer) {
    Options paths =
        Options.none().with("main", write(layer.main())).with("shortcut", write(layer.shortcut()));
    return layer.equals(Residual.of(layer.main()).paths(layer.main(), layer.shortcut()))
        ? paths
        : paths
            .with("mainName", layer.mainName())
            .with("shortcutName", layer.shortcutName())
            .with("relu", layer.relu());
  }

  private static Residual residual(Options options) {
    Residual layer = Residual.of(readSequential(options.getOptions("main")));
    if (options.has("shortcut")) {
      layer = layer.paths(layer.main(), readSequential(options.getOptions("shortcut")));
    }
    return layer
        .names(
            options.getString("mainName", layer.mainName()),
            options.getString("shortcutName", layer.shortcutName()))
        .relu(options.getBoolean("relu", layer.relu()));
  }

  private static Options optionsOf(Sequential layer) {
    return Options.none()
        .with(
            "layers",
            layer.layers().stream()
                .map(
                    named ->
                        Options.none()
                            .with("name", named.name())
                            .with("layer", write(named.layer())))
                .toList());
  }

  private static Sequential sequential(Options options) {
    Sequential layers = Sequential.of();
    for (Options named : options.getOptionsList("layers")) {
      String name = named.getString("name");
      layers = layers.then(name, read(named.getOptions("layer").at(options.path(name))));
      named.checkNoOthers();
    }
    return layers;
  }

  private static Options optionsOf(SqueezeExcitation layer) {
    return Options.none()
        .with("squeezed", layer.squeezed())
        .with("activation", layer.activation())
        .with("gate", layer.gate())
        .with("reduceName", layer.reduceName())
        .with("expandName", layer.expandName());
  }

  private static SqueezeExcitation squeezeExcitation(Options options) {
    SqueezeExcitation layer = SqueezeExcitation.of(options.getInt("squeezed"));
    return layer
        .activations(
            options.getEnum("activation", layer.activation()),
            options.getEnum("gate", layer.gate()))
        .names(
            options.getString("reduceName", layer.reduceName()),
            options.getString("expandName", layer.expandName()));
  }

  private static Whitening whitening(Options options) {
    Whitening layer = Whitening.of(options.getInt("kernel"));
    return layer.epsilon(options.getDouble("epsilon", layer.epsilon()));
  }

  private static Options optionsOf(ZeroPad layer) {
    return Options.none()
        .with("top", layer.top())
        .with("bottom", layer.bottom())
        .with("left", layer.left())
        .with("right", layer.right());
  }

  private static ZeroPad zeroPad(Options options) {
    return new ZeroPad(
        options.getInt("top"),
        options.getInt("bottom"),
        options.getInt("left"),
        options.getInt("right"));
  }
}
