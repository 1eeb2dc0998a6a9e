package dev.lamina.cli;

import dev.lamina.augment.Augmentation;
import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ChannelStatistics;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Model;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.report.HistoryCsv;
import dev.lamina.report.ImageSheet;
import dev.lamina.report.Plots;
import dev.lamina.schedule.OneCycle;
import dev.lamina.schedule.Schedule;
import dev.lamina.train.Callback;
import dev.lamina.train.DivergenceException;
import dev.lamina.train.Epoch;
import dev.lamina.train.History;
import dev.lamina.train.Preview;
import dev.lamina.train.ProgressBar;
import dev.lamina.train.RunHandle;
import dev.lamina.train.RunPlan;
import dev.lamina.train.Trainer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains the flagship and leaves a run folder. */
@Command(
    name = "train",
    description =
        "Trains ResNetCifar and leaves a run folder with weights, history, plots and a SavedModel. Without --data it"
            + " trains a small network on the embedded images for a few minutes; with it, the defaults are the full"
            + " recipe: width 64, 100 epochs, 1cycle up to 0.01.",
    mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private DataOption data = new DataOption();
  @Mixin private PrecisionOption precision = new PrecisionOption();

  @Option(names = "--run", paramLabel = "DIR", description = "the run folder (default: runs/TIME)")
  private @Nullable Path run;

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
    ImageData images = data.open();
    RunConfig config = config(images);
    Schedule schedule =
        OneCycle.of(config.recipe().peak()).cycleMomentum(config.recipe().cycleMomentum());
    MomentumOptimizer optimizer =
        MomentumOptimizer.of(config.recipe().momentum()).weightDecay(weightDecay);
    List<Augmentation> augmentations =
        noAugment ? List.of() : List.of(RandomCrop.reflect(4), RandomFlip.horizontal());
    Path folder = run == null ? RunFolders.fresh() : run;
    Trainer trainer =
        Trainer.builder()
            .optimizer(nesterov ? optimizer.withNesterov() : optimizer)
            .schedule(schedule)
            .labelSmoothing(labelSmoothing)
            .augment(augmentations.toArray(Augmentation[]::new))
            .epochs(config.recipe().epochs())
            .batchSize(batchSize)
            .precision(config.recipe().precision())
            .seed(seed)
            .callbacks(ProgressBar.console(), new Recorder(folder, schedule))
            .build();
    try (Model model = config.build()) {
      RunFolders.create(folder);
      print("data       %s: %s", data.data, DataCommand.describe(images));
      print("network    %s", last(model.summary()));
      print("precision  %s", PrecisionOption.text(config.recipe().precision()));
      print("run        %s", folder);
      config.write(folder);
      writeSamples(images.train(), augmentations, folder.resolve("plots").resolve("samples.png"));
      try {
        trainer.fit(model, images.train(), images.test());
      } catch (DivergenceException e) {
        model.saveWeights(RunConfig.weights(folder));
        print("kept       %s", RunConfig.weights(folder));
        throw e;
      }
      Evaluation test = model.evaluate(images.test());
      Path export = folder.resolve("export").resolve("1");
      model.export(export, facts(config, test));
      print("weights    %s", RunConfig.weights(folder));
      print("history    %s", folder.resolve("history.csv"));
      print("plots      %s", folder.resolve("plots"));
      print("SavedModel %s", export);
      print("test accuracy %.4f", test.accuracy());
    }
    return 0;
  }

  private RunConfig config(ImageData images) {
    ImageSet train = images.train();
    boolean small = data.embedded();
    boolean cifar = Cifar10Normalization.fits(train);
    ChannelStatistics statistics =
        cifar ? Cifar10Normalization.CONSTANTS : ChannelStatistics.of(train);
    return new RunConfig(
        data.absolute(),
        new RunConfig.NetworkConfig(
            "ResNetCifar",
            width != null ? width : small ? 8 : 64,
            train.height(),
            train.width(),
            train.channels(),
            statistics.mean().asList(),
            statistics.deviation().asList()),
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
            seed),
        train.classNames(),
        Environment.describe());
  }

  private static Map<String, String> facts(RunConfig config, Evaluation test) {
    Map<String, String> facts = new LinkedHashMap<>(config.environment());
    facts.put("data", config.data());
    facts.put("test_accuracy", String.format(Locale.ROOT, "%.4f", test.accuracy()));
    facts.put("epochs", Integer.toString(config.recipe().epochs()));
    facts.put("seed", Long.toString(config.recipe().seed()));
    return facts;
  }

  /** One image of each class (at most ten) beside seven augmented versions. */
  static void writeSamples(ImageSet set, List<Augmentation> augmentations, Path file) {
    int rows = Math.min(10, set.classes());
    int[] first = new int[rows];
    for (int label = 0; label < rows; label++) {
      int at = 0;
      while (set.label(at) != label) {
        at++;
      }
      first[label] = at;
    }
    ImageSet originals = set.subset(first);
    List<ImageSet> columns = new ArrayList<>(List.of(originals));
    for (int draw = 1; draw < 8; draw++) {
      columns.add(Preview.of(originals, augmentations, draw));
    }
    ImageSheet.write(columns, file);
  }

  private static String last(String text) {
    return text.lines().reduce((first, second) -> second).orElse("");
  }

  private void print(String format, Object... values) {
    spec.commandLine().getOut().printf(Locale.ROOT, format + "%n", values);
  }

  /** Keeps weights, history and plots on disk up to date while training goes on. */
  private static final class Recorder implements Callback {
    private final List<Epoch> epochs = new ArrayList<>();
    private final Path folder;
    private final Schedule schedule;

    Recorder(Path folder, Schedule schedule) {
      this.folder = folder;
      this.schedule = schedule;
    }

    @Override
    public void onStart(RunPlan plan, RunHandle handle) {
      Plots.writeSchedule(schedule, plan.steps(), folder.resolve("plots"));
    }

    @Override
    public void onEpoch(Epoch epoch, RunHandle handle) {
      epochs.add(epoch);
      History history = new History(epochs);
      handle.saveWeights(RunConfig.weights(folder));
      HistoryCsv.write(history, folder.resolve("history.csv"));
      Plots.writeHistory(history, folder.resolve("plots"));
    }
  }
}
