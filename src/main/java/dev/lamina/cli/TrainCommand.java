package dev.lamina.cli;

import dev.lamina.cli.RunConfig.Validation;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Preprocessing;
import dev.lamina.distributed.Cluster;
import dev.lamina.distributed.Workers;
import dev.lamina.graph.Device;
import dev.lamina.model.Model;
import dev.lamina.registry.Options;
import dev.lamina.train.Recipe;
import dev.lamina.train.RecipeOptions;
import dev.lamina.train.Recipes;
import dev.lamina.train.Trainer;
import dev.lamina.zoo.Pretrained;
import dev.lamina.zoo.Zoo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Trains a network into a run folder. */
@Command(
    name = "train",
    description =
        "Trains a network of the zoo, or continues from another model, and leaves a run folder with weights, history,"
            + " plots and a SavedModel. Without --data it trains a narrow network on the embedded images for a few"
            + " minutes by the quick recipe; with it, the network at full width by the published recipe.",
    mixinStandardHelpOptions = true,
    footerHeading = Main.EXAMPLES,
    footer = {
      "  lamina train",
      "  lamina train --data photos --epochs 30",
      "  lamina train --resume runs/2026-11-26-120000"
    })
final class TrainCommand implements Callable<Integer> {
  private static final List<String> CHANGEABLE =
      List.of(
          "--epochs", "--learning-rate", "--data", "--cache", "--mirror", "--stream", "--quiet");

  /** The share of the training images for validation, unless the data set has a validation part. */
  private static final double VALIDATION_OF_ONES_OWN = 0.1;

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private DataOption data = new DataOption();
  @Mixin private ResizeOption resize = new ResizeOption();
  @Mixin private NetworkOption network = new NetworkOption();
  @Mixin private RecipeOption recipeOption = new RecipeOption();
  @Mixin private PrecisionOption precision = new PrecisionOption();

  @Option(names = "--run", paramLabel = "DIR", description = "the run folder (default: runs/TIME)")
  private @Nullable Path run;

  @Option(
      names = "--resume",
      paramLabel = "DIR",
      description =
          "continue an interrupted run; --epochs and --learning-rate may change it, --data says where its images"
              + " are now")
  private @Nullable Path resume;

  @Option(
      names = "--from",
      paramLabel = "PATH",
      description =
          "start from the network and the weights of another run (also RUN@best, RUN@last, RUN@STEP), an export, a file"
              + " of weights or a checkpoint; if the classes differ, with a new classifier")
  private @Nullable Path from;

  @Option(
      names = "--pretrained",
      paramLabel = "WEIGHTS",
      description =
          "start from weights that another program wrote, with a new classifier: a safetensors file or its address,"
              + " for the --network; or a model of a hub, which names its network: timm/resnet18.a1_in1k")
  private @Nullable String pretrained;

  @Option(
      names = "--freeze",
      paramLabel = "LAYER",
      split = ",",
      description =
          "layers that are not trained, as 'lamina summary' names them, or prefixes of their names: conv1,layer1")
  private List<String> freeze = List.of();

  @Option(
      names = "--validation",
      paramLabel = "SHARE",
      description =
          "share of the training images that is set aside; the weights of the epoch that recognises most of them are"
              + " kept (default: "
              + VALIDATION_OF_ONES_OWN
              + " for a folder of images without a validation part, else 0)")
  private @Nullable Double validation;

  @Option(
      names = "--test-curve",
      description =
          "also evaluate the test images after every epoch, into history.csv; they never choose the weights")
  private boolean testCurve;

  @Option(names = "--quiet", description = "print nothing but results and errors")
  private boolean quiet;

  @Option(
      names = "--tensorboard",
      description =
          "also write RUN/tensorboard for TensorBoard: curves, histograms, samples, confusion matrix; a resumed run"
              + " continues to do so")
  private boolean tensorboard;

  @Override
  public Integer call() {
    Workers.fromEnvironment(System.getenv()).ifPresent(Cluster::join);
    data.quiet = quiet;
    return resume == null ? start() : resume(resume);
  }

  private int start() {
    if (from != null) {
      refuseWith("--from", "--width", "--network", "--pretrained");
    }
    Recipe named = named();
    Optional<Pretrained> start = Optional.ofNullable(pretrained).map(this::fetch);
    Optional<Preprocessing> preprocessing = resize.resolve().or(() -> ofPretrained(start));
    ImageData images = data.open(preprocessing);
    Validation validated = validation(images);
    Recipe recipe =
        named
            .precision(Optional.of(precision.resolve()))
            .freeze(freeze)
            .validationSplit(share(validated));
    Zoo.Builder builder =
        start
            .map(weights -> network.builder(weights, images.train()))
            .orElseGet(() -> from == null ? builder(images) : network.builder())
            .seed(recipe.seed());
    try (Model model = model(builder, images, recipe)) {
      RunConfig config =
          new RunConfig(
              data.absolute(),
              data.stream,
              preprocessing,
              validated,
              testCurve,
              options(builder, recipe),
              RecipeOptions.write(recipe),
              images.train().classNames(),
              model.device().toString(),
              Environment.describe());
      return train(config, recipe, images, model);
    }
  }

  private int train(RunConfig config, Recipe recipe, ImageData images, Model model) {
    // Rejects invalid options before a folder is created.
    Trainer.builder(recipe).build().check(model, images.train());
    if (Cluster.joined().isEmpty()) {
      return training(config, recipe, run == null ? RunFolders.fresh() : run, images).start(model);
    }
    if (run == null) {
      throw new ParameterException(
          spec.commandLine(), "--run must be given to workers: all use the same folder");
    }
    Training training = training(config, recipe, run, images);
    // A worker that is started again has the same command line.
    return begun(run, config) ? training.resume() : training.start(model);
  }

  /** Returns whether the run has begun in its folder. */
  private boolean begun(Path folder, RunConfig config) {
    if (!RunConfig.isRun(folder)) {
      return false;
    }
    String network = RunConfig.read(folder).describeNetwork();
    if (!network.equals(config.describeNetwork())) {
      throw new ParameterException(
          spec.commandLine(),
          "--run must name a new folder or that of the same run, %s is of %s, got %s"
              .formatted(folder, network, config.describeNetwork()));
    }
    return true;
  }

  private Recipe named() {
    Zoo.get(network.name);
    return recipeOption.resolve(data.embedded() ? Recipes.QUICK : Recipes.PUBLISHED);
  }

  private Pretrained fetch(String source) {
    Pretrained fetched = Pretrained.of(source, data.cache, System.getenv());
    if (fetched.config().isPresent()) {
      refuseWith("--pretrained", "--width", "--network");
    }
    return fetched;
  }

  /** Image files are prepared as those that a model of a hub was trained on. */
  private Optional<Preprocessing> ofPretrained(Optional<Pretrained> start) {
    return data.isImageFolder()
        ? start.flatMap(Pretrained::config).map(Pretrained.Config::preprocessing)
        : Optional.empty();
  }

  private void refuseWith(String given, String... options) {
    for (String option : options) {
      if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
        throw new ParameterException(
            spec.commandLine(),
            option + " must not be given with " + given + ", which has a network already");
      }
    }
  }

  private Options options(Zoo.Builder builder, Recipe recipe) {
    if (from != null) {
      return Options.none().with("from", from.toAbsolutePath().toString());
    }
    if (pretrained != null) {
      return Options.none().with("from", pretrained);
    }
    Options options = Options.none().with("name", network.name);
    for (var option : builder.options().values().entrySet()) {
      options = options.with(option.getKey(), option.getValue());
    }
    return options.with("seed", recipe.seed());
  }

  private Validation validation(ImageData images) {
    boolean part = images.validation().isPresent();
    if (validation == null) {
      boolean share = data.isImageFolder() && hasClassOfTwo(images.train());
      return part ? Validation.PART : share ? Validation.SHARE : Validation.NONE;
    }
    if (part && validation > 0) {
      throw new ParameterException(
          spec.commandLine(),
          "--validation must be 0 for images that have a validation part, got " + validation);
    }
    return validation == 0 ? Validation.NONE : Validation.SHARE;
  }

  /** Otherwise there is nothing to set aside, and the images are trained on as they are. */
  private static boolean hasClassOfTwo(ImageSet images) {
    return IntStream.of(images.labels()).distinct().count() < images.size();
  }

  private double share(Validation validated) {
    if (validated != Validation.SHARE) {
      return 0;
    }
    return validation == null ? VALIDATION_OF_ONES_OWN : validation;
  }

  /** Resumes a run with its own configuration, except for the options that may change. */
  private int resume(Path folder) {
    for (OptionSpec option : spec.commandLine().getParseResult().matchedOptions()) {
      if (!option.longestName().equals("--resume") && !CHANGEABLE.contains(option.longestName())) {
        throw new ParameterException(
            spec.commandLine(),
            option.longestName()
                + " must not be given with --resume: a run continues as it began; only "
                + String.join(", ", CHANGEABLE)
                + " may be");
      }
    }
    RunConfig begun = RunConfig.read(folder);
    Recipe recipe = recipeOption.change(begun.readRecipe(folder));
    RunConfig config =
        new RunConfig(
            DataOption.given(spec) ? data.absolute() : begun.data(),
            data.stream || begun.stream(),
            begun.preprocessing(),
            begun.validation(),
            begun.testCurve(),
            begun.network(),
            RecipeOptions.write(recipe),
            begun.classNames(),
            Device.auto().toString(),
            Environment.describe());
    ImageData images = data.open(config.data(), config.stream(), config.preprocessing());
    return training(config, recipe, folder, images).resume();
  }

  private Training training(RunConfig config, Recipe recipe, Path folder, ImageData images) {
    return new Training(
        config,
        recipe,
        folder,
        images,
        tensorboard,
        resumeCommand(folder),
        quiet,
        spec.commandLine().getOut());
  }

  /** Returns the command line that resumes a run, with the options that a run does not store. */
  private String resumeCommand(Path folder) {
    List<Object> words = new ArrayList<>(List.of("train", "--resume", folder));
    for (String option : List.of("--cache", "--mirror")) {
      if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
        words.add(option);
        words.add(spec.commandLine().getParseResult().matchedOptionValue(option, ""));
      }
    }
    return CommandLines.lamina(words);
  }

  private Zoo.Builder builder(ImageData images) {
    return network.builder(images.train(), recipeOption.isQuick(data));
  }

  /** Creates a new model, or loads the one to start from, for the classes of the images. */
  private Model model(Zoo.Builder builder, ImageData images, Recipe recipe) {
    List<String> classNames = images.train().classNames();
    if (from != null) {
      return Model.load(ModelOption.source(from), classNames, recipe.seed());
    }
    Model model = builder.build();
    if (pretrained == null) {
      model.adapt(images.train());
    }
    model.classNames(classNames);
    return model;
  }
}
