package dev.lamina.cli;

import dev.lamina.data.ChannelStatistics;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.model.Model;
import dev.lamina.zoo.ResNetCifar;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Trains the flagship and leaves a run folder. */
@Command(
    name = "train",
    description =
        "Trains ResNetCifar, or goes on from another network, and leaves a run folder with weights, history, plots and a SavedModel. Without --data it"
            + " trains a small network on the embedded images for a few minutes; with it, the defaults are the full"
            + " recipe: width 64, 100 epochs, 1cycle up to 0.01.",
    mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {
  private static final List<String> CHANGEABLE =
      List.of("--epochs", "--learning-rate", "--data", "--cache", "--mirror", "--stream");

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private DataOption data = new DataOption();
  @Mixin private PrecisionOption precision = new PrecisionOption();

  @Option(names = "--run", paramLabel = "DIR", description = "the run folder (default: runs/TIME)")
  private @Nullable Path run;

  @Option(
      names = "--resume",
      paramLabel = "DIR",
      description =
          "go on with an interrupted run; --epochs and --learning-rate may change it, --data says where its images"
              + " are now")
  private @Nullable Path resume;

  @Option(
      names = "--from",
      paramLabel = "PATH",
      description =
          "start from the network and the weights of another run, an export or a weights file; where the classes"
              + " are others, with a new classifier")
  private @Nullable Path from;

  @Option(
      names = "--freeze",
      paramLabel = "LAYER",
      split = ",",
      description =
          "layers to leave as they are, as 'lamina summary' names them, or the beginnings of their names: conv1,layer1")
  private List<String> freeze = List.of();

  @Option(
      names = "--width",
      description = "channels of the first stage (default: 64; 8 for the embedded images)")
  private @Nullable Integer width;

  @Option(
      names = "--epochs",
      description = "passes over the images (default: 100; 5 for the embedded images)")
  private @Nullable Integer epochs;

  @Option(
      names = "--batch-size",
      defaultValue = "64",
      description = "images of a step (default: ${DEFAULT-VALUE})")
  private int batchSize;

  @Option(
      names = "--learning-rate",
      description = "peak learning rate (default: 0.01; 0.05 for the embedded images)")
  private @Nullable Double peak;

  @Option(
      names = "--momentum",
      description = "a fixed momentum (default: cycled 0.95, 0.85, 0.95 by the schedule)")
  private @Nullable Double momentum;

  @Option(names = "--nesterov", description = "use Nesterov momentum")
  private boolean nesterov;

  @Option(
      names = "--weight-decay",
      defaultValue = "5e-4",
      description = "weight decay (default: ${DEFAULT-VALUE})")
  private double weightDecay;

  @Option(
      names = "--label-smoothing",
      defaultValue = "0",
      description = "label smoothing (default: ${DEFAULT-VALUE})")
  private double labelSmoothing;

  @Option(names = "--no-augment", description = "train without random crop and flip")
  private boolean noAugment;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "seed of weights, order and augmentation (default: ${DEFAULT-VALUE})")
  private long seed;

  @Override
  public Integer call() {
    if (resume != null) {
      return resume(resume);
    }
    if (from != null && width != null) {
      throw new ParameterException(
          spec.commandLine(), "--width must not be given with --from, which has a network already");
    }
    ImageData images = data.open();
    ImageSet train = images.train();
    int channels = width != null ? width : data.embedded() ? 8 : 64;
    try (Model model = model(train, channels)) {
      Path folder = run == null ? RunFolders.fresh() : run;
      return training(config(train, channels), folder, images).start(model);
    }
  }

  /** The run's own configuration holds, but for what may change. */
  private int resume(Path folder) {
    for (OptionSpec option : spec.commandLine().getParseResult().matchedOptions()) {
      if (!option.longestName().equals("--resume") && !CHANGEABLE.contains(option.longestName())) {
        throw new ParameterException(
            spec.commandLine(),
            option.longestName()
                + " must not be given with --resume: a run goes on as it began; only "
                + String.join(", ", CHANGEABLE)
                + " may be");
      }
    }
    RunConfig begun = RunConfig.read(folder);
    RunConfig config =
        new RunConfig(
            DataOption.given(spec) ? data.absolute() : begun.data(),
            data.stream || begun.stream(),
            begun.network(),
            begun.recipe().with(epochs, peak),
            begun.classNames(),
            Environment.describe());
    return training(config, folder, data.open(config.data(), config.stream())).resume();
  }

  private Training training(RunConfig config, Path folder, ImageData images) {
    return new Training(config, folder, images, spec.commandLine().getOut());
  }

  private RunConfig config(ImageSet train, int width) {
    boolean small = data.embedded();
    return new RunConfig(
        data.absolute(),
        data.stream,
        from == null ? "ResNetCifar of width " + width : from.toAbsolutePath().toString(),
        new RunConfig.Recipe(
            epochs != null ? epochs : small ? 5 : 100,
            batchSize,
            peak != null ? peak : small ? 0.05 : 0.01,
            momentum == null,
            momentum == null ? 0.9 : momentum,
            nesterov,
            weightDecay,
            labelSmoothing,
            !noAugment,
            precision.resolve(),
            freeze,
            seed),
        train.classNames(),
        Environment.describe());
  }

  /** A new network, or the one to go on from, for the classes of the images. */
  private Model model(ImageSet train, int channels) {
    if (from != null) {
      Path source = RunConfig.isRun(from) ? RunConfig.weights(from) : from;
      return Model.load(source, train.classNames(), seed);
    }
    boolean cifar = Cifar10Normalization.fits(train);
    ChannelStatistics statistics =
        cifar ? Cifar10Normalization.CONSTANTS : ChannelStatistics.of(train);
    Model model =
        ResNetCifar.builder()
            .width(channels)
            .classes(train.classes())
            .imageSize(train.height(), train.width())
            .inputChannels(train.channels())
            .normalization(statistics.mean().toArray(), statistics.deviation().toArray())
            .seed(seed)
            .build();
    model.classNames(train.classNames());
    return model;
  }
}
