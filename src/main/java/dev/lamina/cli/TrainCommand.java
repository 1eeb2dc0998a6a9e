package dev.lamina.cli;

import dev.lamina.cli.RunConfig.Validation;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Preprocessing;
import dev.lamina.distributed.Cluster;
import dev.lamina.distributed.Workers;
import dev.lamina.graph.Device;
import dev.lamina.io.LaminaException;
import dev.lamina.model.Model;
import dev.lamina.registry.Options;
import dev.lamina.train.Callback;
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
import java.util.stream.Collectors;
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
            + " minutes; with it, the recipe follows from the number of images.",
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
          "--epochs",
          "--learning-rate",
          "--accumulate",
          "--data",
          "--cache",
          "--mirror",
          "--stream",
          "--device",
          "--quiet");

  /** The share of the training images for validation, unless the data set has a validation part. */
  private static final double VALIDATION_OF_ONES_OWN = 0.1;

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private DataOption data = new DataOption();
  @Mixin private ResizeOption resize = new ResizeOption();
  @Mixin private NetworkOption network = new NetworkOption();
  @Mixin private StartOption start = new StartOption();
  @Mixin private RecipeOption recipeOption = new RecipeOption();
  @Mixin private PrecisionOption precision = new PrecisionOption();
  @Mixin private DeviceOption deviceOption = new DeviceOption();

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "a YAML or JSON file with the keys of a run's config.json, all optional; that of a run starts it again; options"
              + " of the command line override it")
  private @Nullable Path config;

  @Option(names = "--run", paramLabel = "DIR", description = "the run folder (default: runs/TIME)")
  private @Nullable Path run;

  @Option(
      names = "--resume",
      paramLabel = "DIR",
      description =
          "continue an interrupted run; --epochs, --learning-rate and --accumulate may change it, --data says where its images"
              + " are now")
  private @Nullable Path resume;

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

  @Option(
      names = "--image-scales",
      paramLabel = "SCALE",
      split = ",",
      description =
          "train with smaller images first: what their sides are multiplied by, for each of as many equal parts of the"
              + " epochs, such as 0.5,0.75,1 (default: the recipe's)")
  private List<Double> imageScales = List.of();

  @Option(
      names = "--sync-batch-norm",
      description =
          "of several workers or GPUs: batch norms take the statistics of the whole batch, as PyTorch's SyncBatchNorm, not"
              + " those of each share")
  private boolean syncBatchNorm;

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
    Device device = deviceOption.resolve();
    ConfigFile file = config == null ? ConfigFile.none() : ConfigFile.read(config);
    take(file);
    start.check();
    recipeOption.check();
    Zoo.get(network.name);
    if (run != null && Cluster.joined().isEmpty() && !(isWorker() && RunConfig.isRun(run))) {
      // Before all images are decoded.
      RunFolders.checkNew(run);
    }
    Optional<Pretrained> weights = start.fetch(data.cache);
    if (!given("--pretrained") && weights.flatMap(Pretrained::config).isPresent()) {
      file.checkNoName();
    }
    Optional<Preprocessing> preprocessing =
        resize.resolve(file.preprocessing().or(() -> start.preprocessing(data, weights)));
    ImageData images = data.open(preprocessing);
    Validation validated = validation(file, images);
    RecipeOption.Choice choice = recipeOption.choose(file, data, images.train(), start.given());
    Recipe wanted = recipe(file, choice, validated, device);
    boolean part = images.validation().isPresent();
    Recipe recipe = validated == Validation.NONE ? withoutMonitors(file, wanted, part) : wanted;
    Zoo.Builder builder =
        start.builder(network, weights, images.train(), choice.name()).seed(recipe.seed());
    try (Model model = start.model(builder, images.train(), recipe.seed(), device)) {
      RunConfig config =
          new RunConfig(
              data.absolute(),
              data.stream,
              preprocessing,
              validated,
              testCurve,
              options(builder, weights, recipe),
              RecipeOptions.write(recipe),
              images.train().classNames(),
              model.device().toString(),
              Environment.describe());
      printRecipe(choice, file);
      if (!recipe.equals(wanted)) {
        print("left out   " + leftOut(wanted, recipe) + ", without validation images");
      }
      return train(config, recipe, images, model);
    }
  }

  private int train(RunConfig config, Recipe recipe, ImageData images, Model model) {
    // Rejects invalid options before a folder is created.
    Trainer.builder(recipe).build().check(model, images.train());
    if (run == null && Cluster.joined().isPresent()) {
      throw new ParameterException(
          spec.commandLine(), "--run must be given to workers: all use the same folder");
    }
    Path folder = run == null ? RunFolders.fresh() : run;
    Training training = training(config, recipe, folder, images);
    // A worker that is started again has the same command line.
    if (!isWorker() || !begun(folder, config)) {
      return training.start(model);
    }
    print("continues  " + folder);
    return training.resume(model.device());
  }

  /** Returns whether this process was started as a worker, though it may be the only one. */
  private static boolean isWorker() {
    return System.getenv().containsKey("WORLD_SIZE");
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

  /** Takes from a file what the command line does not give, except for the recipe. */
  private void take(ConfigFile file) {
    if (!DataOption.given(spec)) {
      data.data = file.data().orElse(data.data);
    }
    data.stream |= file.stream();
    testCurve |= file.testCurve();
    validation = validation == null ? file.validationShare() : validation;
    if (!given("--network") && !start.given()) {
      start.take(file.network());
      if (start.from == null) {
        network.take(file.network());
      }
    }
  }

  private boolean given(String option) {
    return spec.commandLine().getParseResult().hasMatchedOption(option);
  }

  private void printRecipe(RecipeOption.Choice choice, ConfigFile file) {
    boolean changed = !given("--recipe") && !file.recipe().values().isEmpty();
    print("recipe     " + choice + (changed ? ", with the values of " + file.file() : ""));
  }

  private void print(String line) {
    if (!quiet && Training.first()) {
      TextLines.print(spec.commandLine().getOut(), "%s", line);
    }
  }

  /** Returns the recipe that was chosen, with the values of the file and the command line. */
  private Recipe recipe(
      ConfigFile file, RecipeOption.Choice choice, Validation validated, Device device) {
    Recipe named = Recipes.get(choice.name());
    Recipe chosen = given("--recipe") ? named : file.change(named);
    Recipe recipe = recipeOption.change(chosen);
    if (given("--precision") || recipe.precision().isEmpty()) {
      recipe = recipe.precision(Optional.of(precision.resolve(device)));
    }
    if (!imageScales.isEmpty()) {
      recipe = recipe.imageScales(imageScales);
    }
    if (syncBatchNorm) {
      recipe = recipe.synchronizedBatchNorms(true);
    }
    recipe = start.freeze(recipe);
    return recipe.validationSplit(share(validated));
  }

  /** Returns the names of the callbacks that one recipe has and the other has not. */
  private static String leftOut(Recipe wanted, Recipe recipe) {
    return wanted.callbacks().stream()
        .filter(callback -> !recipe.callbacks().contains(callback))
        .map(Callback::name)
        .collect(Collectors.joining(", "));
  }

  /** Returns a recipe without callbacks that need validation; refuses those of a file. */
  private Recipe withoutMonitors(ConfigFile file, Recipe recipe, boolean part) {
    List<Callback> others = new ArrayList<>();
    for (Callback callback : recipe.callbacks()) {
      if (callback.validationMetric().isEmpty()) {
        others.add(callback);
      } else if (file.has("callbacks") && !given("--recipe")) {
        throw new LaminaException(
            "callbacks of %s must have no %s without validation images; %s, or remove it"
                .formatted(
                    file.file(),
                    callback.getClass().getSimpleName(),
                    part
                        ? "set validation: PART and leave --validation out"
                        : "give --validation 0.1"));
      }
    }
    return recipe.callbacks(others);
  }

  private Options options(Zoo.Builder builder, Optional<Pretrained> weights, Recipe recipe) {
    if (start.from != null) {
      return Options.none().with(RunConfig.FROM, start.from.toAbsolutePath().toString());
    }
    Options options = Options.none();
    if (start.pretrained != null) {
      options = options.with(RunConfig.PRETRAINED, start.pretrained);
    }
    if (weights.flatMap(Pretrained::config).isEmpty()) {
      options = options.with("name", network.name);
    }
    for (var option : builder.options().values().entrySet()) {
      options = options.with(option.getKey(), option.getValue());
    }
    return options.with("seed", recipe.seed());
  }

  private Validation validation(ConfigFile file, ImageData images) {
    boolean part = images.validation().isPresent();
    if (!given("--validation") && file.validation().isPresent()) {
      return file.validation(part);
    }
    if (part && validation != null && validation > 0) {
      throw new ParameterException(
          spec.commandLine(),
          "%s must be 0 for images that have a validation part, got %s"
              .formatted(
                  given("--validation") ? "--validation" : "validationSplit of " + file.file(),
                  validation));
    }
    if (part && !given("--validation")) {
      return Validation.PART;
    }
    if (validation == null) {
      boolean share = data.isImageFolder() && hasClassOfTwo(images.train());
      return share ? Validation.SHARE : Validation.NONE;
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
    Device device = deviceOption.resolve();
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
            device.toString(),
            Environment.describe());
    ImageData images = data.open(config.data(), config.stream(), config.preprocessing());
    return training(config, recipe, folder, images).resume(device);
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
    for (String option : List.of("--cache", "--mirror", "--device")) {
      if (given(option)) {
        words.add(option);
        words.add(spec.commandLine().getParseResult().matchedOptionValue(option, ""));
      }
    }
    return CommandLines.lamina(words);
  }
}
