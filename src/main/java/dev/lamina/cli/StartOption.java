package dev.lamina.cli;

import dev.lamina.data.ImageSet;
import dev.lamina.data.Preprocessing;
import dev.lamina.graph.Device;
import dev.lamina.model.Model;
import dev.lamina.registry.Options;
import dev.lamina.train.Recipe;
import dev.lamina.zoo.Pretrained;
import dev.lamina.zoo.Zoo;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that choose the weights that training starts from, and which of them it keeps. */
final class StartOption {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--from",
      paramLabel = "PATH",
      description =
          "start from the network and the weights of another run (also RUN@best, RUN@last, RUN@STEP), an export, a file"
              + " of weights or a checkpoint; if the classes differ, with a new classifier")
  @Nullable Path from;

  @Option(
      names = "--pretrained",
      paramLabel = "WEIGHTS",
      description =
          "start from weights that another program wrote, with a new classifier: a safetensors file or its address,"
              + " for the --network; or a model of a hub, which names its network: timm/resnet18.a1_in1k")
  @Nullable String pretrained;

  @Option(
      names = "--freeze",
      paramLabel = "LAYER",
      split = ",",
      description =
          "layers that are not trained, as 'lamina summary' names them, or prefixes of their names: conv1,layer1")
  private List<String> freeze = List.of();

  /** Returns whether training starts from weights of another training. */
  boolean given() {
    return from != null || pretrained != null;
  }

  /** Takes the model or the weights from the network of a configuration file. */
  void take(Options network) {
    from = network.has(RunConfig.FROM) ? Path.of(network.getString(RunConfig.FROM)) : null;
    pretrained = network.has(RunConfig.PRETRAINED) ? network.getString(RunConfig.PRETRAINED) : null;
  }

  /** Checks that no network is given beside a model, which has one. */
  void check() {
    if (from != null) {
      refuseWith(spec, "--from", "--width", "--network", "--pretrained");
    }
  }

  /** Reads or downloads the pretrained weights, if they are given. */
  Optional<Pretrained> fetch(Path cache) {
    if (pretrained == null) {
      return Optional.empty();
    }
    Pretrained fetched = Pretrained.of(pretrained, cache, System.getenv());
    if (fetched.config().isPresent()) {
      refuseWith(spec, "--pretrained", "--width", "--network");
    }
    return Optional.of(fetched);
  }

  /** Refuses options of a network beside one that has a network. */
  static void refuseWith(CommandSpec spec, String given, String... options) {
    for (String option : options) {
      if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
        throw new ParameterException(
            spec.commandLine(),
            option + " must not be given with " + given + ", which has a network already");
      }
    }
  }

  /** Image files are prepared as those that the model to start from was trained on. */
  Optional<Preprocessing> preprocessing(DataOption data, Optional<Pretrained> weights) {
    if (!data.isImageFolder()) {
      return Optional.empty();
    }
    return from == null
        ? weights.flatMap(Pretrained::config).map(Pretrained.Config::preprocessing)
        : Optional.of(ModelOption.preprocessing(from));
  }

  /** Returns the network to train, for a set and a recipe. */
  Zoo.Builder builder(
      NetworkOption network, Optional<Pretrained> weights, ImageSet images, String recipe) {
    if (weights.isPresent()) {
      return network.builder(weights.get(), images);
    }
    return from == null ? network.builder(images, recipe) : network.builder();
  }

  /** Returns the model that training starts with, for the classes of the images. */
  Model model(Zoo.Builder builder, ImageSet images, long seed, Device device) {
    if (from != null) {
      return Model.load(ModelOption.source(from), images.classNames(), seed, device);
    }
    Model model = builder.seed(seed).device(device).build();
    if (pretrained == null) {
      model.adapt(images);
    }
    model.classNames(images.classNames());
    return model;
  }

  /** Returns a recipe with the layers that are not trained, if they are given. */
  Recipe freeze(Recipe recipe) {
    return freeze.isEmpty() ? recipe : recipe.freeze(freeze);
  }
}
