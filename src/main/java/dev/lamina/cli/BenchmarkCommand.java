package dev.lamina.cli;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.math.Quantiles;
import com.google.common.math.Stats;
import dev.lamina.benchmark.ChromeTrace;
import dev.lamina.benchmark.InputPipeline;
import dev.lamina.benchmark.PeakRate;
import dev.lamina.benchmark.StepProfile;
import dev.lamina.benchmark.StepProfile.Kernel;
import dev.lamina.benchmark.StepProfile.Kind;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Permutation;
import dev.lamina.graph.Device;
import dev.lamina.graph.Precision;
import dev.lamina.layer.Normalize;
import dev.lamina.model.Model;
import dev.lamina.step.TrainStep;
import dev.lamina.train.Recipe;
import dev.lamina.train.Recipes;
import dev.lamina.train.Trainer;
import dev.lamina.zoo.Zoo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.tensorflow.TensorFlow;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures the speed of training on this machine, by kind of operation. */
@Command(
    name = "benchmark",
    description =
        "Takes training steps of a network and prints images/s, the share of the machine's matrix-product peak,"
            + " memory, the rate of the input pipeline alone, and time by kind of operation.",
    mixinStandardHelpOptions = true,
    footerHeading = Main.EXAMPLES,
    footer = {
      "  lamina benchmark",
      "  lamina benchmark --network resnet18 --batch-size 32 --trace timeline.json"
    })
final class BenchmarkCommand implements Callable<Integer> {
  private static final int WARM_UP = 3;
  private static final int TRACED = 3;
  private static final int MAX_KERNELS = 20;

  /** The width of the table. */
  private static final int WIDE = 61;

  private static final double LEARNING_RATE = 1e-3;
  private static final double MOMENTUM = 0.9;

  /** Operations per MAC: a product and a sum, each forward and in two gradients. */
  private static final int OPERATIONS = 6;

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private DataOption data = new DataOption();
  @Mixin private ResizeOption resize = new ResizeOption();
  @Mixin private PrecisionOption precisionOption = new PrecisionOption();
  @Mixin private DeviceOption deviceOption = new DeviceOption();

  @Mixin private NetworkOption network = new NetworkOption();

  @Option(
      names = "--recipe",
      paramLabel = "NAME",
      defaultValue = Recipes.PUBLISHED,
      description = "the recipe whose steps are taken (default: ${DEFAULT-VALUE})")
  private String recipeName = Recipes.PUBLISHED;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      description = "images of a step (default: the recipe's)")
  private @Nullable Integer givenBatchSize;

  private int batchSize;
  private Device device = Device.cpu();
  private Precision precision = Precision.FLOAT32;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "10",
      description = "steps to be timed (default: ${DEFAULT-VALUE}); three more are traced")
  private int steps;

  @Option(
      names = "--trace",
      paramLabel = "FILE",
      description = "write the last step as a timeline for ui.perfetto.dev or chrome://tracing")
  private @Nullable Path trace;

  @Override
  public Integer call() {
    checkArgument(steps > 0, "steps must be positive, got %s", steps);
    RunFolders.checkFile("--trace", trace);
    Zoo.get(network.name);
    device = deviceOption.resolve();
    precision = precisionOption.resolve(device);
    Recipe recipe = Recipes.get(recipeName).precision(Optional.of(precision));
    if (givenBatchSize != null) {
      recipe = recipe.batchSize(givenBatchSize);
    }
    batchSize = recipe.batchSize();
    ImageSet images = data.open(resize.resolve()).train();
    IntFunction<int[]> batches = batches(images);
    try (Model model = network.builder(images).device(device).build();
        TrainStep step = Trainer.builder(recipe).build().step(model, images)) {
      printMachine();
      print("network           %s, %d images a step", network.describe(), batchSize);
      double rate = timeSteps(step, batches);
      // First, while most memory is free.
      print("memory            %s, peak %s", Machine.THIS.memory(), Machine.THIS.peakMemory());
      // Of several cards the first is measured, and the others are taken to be alike.
      double peak = device.count() * PeakRate.matrixProduct(device, precision) / 1e9;
      double gigaflops = rate * OPERATIONS * model.network().macs() / 1e9;
      print("arithmetic        %.1f GFLOP/s", gigaflops);
      print(
          "matrix product    %.1f GFLOP/s, training reaches %.1f %%", peak, 100 * gigaflops / peak);
      print("input pipeline    %.0f images/s alone", pipelineRate(images, recipe, batches));
      List<StepProfile> profiles = traceSteps(step, batches);
      printKinds(profiles);
      printKernels(profiles.get(TRACED - 1).kernels());
    }
    return 0;
  }

  private void printMachine() {
    print("processor         %s", Machine.THIS.processor());
    print("instruction sets  %s", Machine.THIS.instructionSets());
    print("device            %s", device);
    print("threads           %d", Runtime.getRuntime().availableProcessors());
    print("TensorFlow        %s", TensorFlow.version());
    print("precision         %s", PrecisionOption.text(precision));
  }

  /** Prints and returns the images per second. */
  private double timeSteps(TrainStep step, IntFunction<int[]> batches) {
    List<Double> rates = new ArrayList<>();
    for (int i = 0; i < WARM_UP + steps; i++) {
      int[] batch = batches.apply(i);
      long start = System.nanoTime();
      step.run(batch, i, LEARNING_RATE, MOMENTUM);
      if (i >= WARM_UP) {
        rates.add(batchSize / seconds(start));
      }
    }
    double median = Quantiles.median().compute(rates);
    Stats stats = Stats.of(rates);
    print(
        "training          %.1f images/s (median of %d steps, %.1f to %.1f)",
        median, steps, stats.min(), stats.max());
    return median;
  }

  private double pipelineRate(ImageSet images, Recipe recipe, IntFunction<int[]> batches) {
    Normalize normalize = NetworkOption.normalization(images);
    try (InputPipeline pipeline =
        new InputPipeline(device, images, recipe.augmentations(), normalize)) {
      for (int i = 0; i < WARM_UP; i++) {
        pipeline.run(batches.apply(i), i);
      }
      int done = 0;
      long start = System.nanoTime();
      while (seconds(start) < 1) {
        pipeline.run(batches.apply(done), done);
        done++;
      }
      return (double) done * batchSize / seconds(start);
    }
  }

  private List<StepProfile> traceSteps(TrainStep step, IntFunction<int[]> batches) {
    List<StepProfile> profiles = new ArrayList<>();
    for (int i = 0; i < TRACED; i++) {
      int number = WARM_UP + steps + i;
      profiles.add(
          StepProfile.of(step.trace(batches.apply(number), number, LEARNING_RATE, MOMENTUM)));
    }
    if (trace != null) {
      ChromeTrace.write(profiles.get(TRACED - 1), trace);
      print("timeline          %s", trace);
    }
    return profiles;
  }

  private void printKinds(List<StepProfile> profiles) {
    StepProfile last = profiles.get(profiles.size() - 1);
    double all = 0;
    double wall = 0;
    for (StepProfile profile : profiles) {
      all += profile.nanosByKind().values().stream().mapToLong(nanos -> nanos).sum() / 1e6 / TRACED;
      wall += profile.nanos() / 1e6 / TRACED;
    }
    print("%n%s%10s %10s %8s", label("operations of a traced step"), "count", "ms", "share");
    for (Kind kind : Kind.values()) {
      long count = last.work().stream().filter(op -> op.kind() == kind).count();
      double millis = 0;
      for (StepProfile profile : profiles) {
        millis += profile.nanosByKind().getOrDefault(kind, 0L) / 1e6 / TRACED;
      }
      print("%s%10d %10.2f %6.1f %%", label(kind.label()), count, millis, 100 * millis / all);
    }
    print("%s%10d %10.2f %6.1f %%", label("all"), last.work().size(), all, 100.0);
    print("Operations run beside each other: %.2f ms of them in %.2f ms.", all, wall);
  }

  /** Returns what begins a row; a narrow terminal has a line for it. */
  private static String label(String text) {
    return TerminalWidth.columns() < WIDE ? text + "\n" : String.format("%-31s", text);
  }

  /** Prints what a card ran in a step, if there is one. */
  private void printKernels(List<Kernel> kernels) {
    if (kernels.isEmpty()) {
      return;
    }
    double all = kernels.stream().mapToLong(Kernel::nanos).sum();
    print("%n%10s %10s %8s  %s", "count", "ms", "share", "kernel");
    for (Kernel kernel : kernels.subList(0, Math.min(kernels.size(), MAX_KERNELS))) {
      print(
          "%10d %10.2f %6.1f %%  %s",
          kernel.count(), kernel.nanos() / 1e6, 100 * kernel.nanos() / all, kernel.name());
    }
  }

  /** Returns the indices of the images of each step, in the order of an endless epoch. */
  private IntFunction<int[]> batches(ImageSet images) {
    int[] order = Permutation.of(images.size(), 1, 1);
    return step -> {
      int[] batch = new int[batchSize];
      for (int i = 0; i < batchSize; i++) {
        batch[i] = order[(int) (((long) step * batchSize + i) % order.length)];
      }
      return batch;
    };
  }

  private static double seconds(long start) {
    return (double) (System.nanoTime() - start) / TimeUnit.SECONDS.toNanos(1);
  }

  private void print(String format, Object... values) {
    TextLines.print(spec.commandLine().getOut(), format, values);
    spec.commandLine().getOut().flush();
  }
}
