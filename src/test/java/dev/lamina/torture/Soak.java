package dev.lamina.torture;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.lamina.Threads;
import dev.lamina.data.ImageSet;
import dev.lamina.model.Model;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.schedule.Constant;
import dev.lamina.train.Callback;
import dev.lamina.train.Checkpoints;
import dev.lamina.train.Epoch;
import dev.lamina.train.RunHandle;
import dev.lamina.train.StepEvent;
import dev.lamina.train.Trainer;
import dev.lamina.zoo.ResNetCifar;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * One long training of a tiny network, evaluated and saved in every epoch, with a checkpoint in
 * every seventh step, while eight threads predict: six with the model that is being trained, two
 * with a copy that takes its weights in every epoch. Watches resident memory, file descriptors and
 * threads of the process, and the size of the graph.
 */
final class Soak implements Callback {
  private static final int SIDE = 8;
  private static final int CLASSES = 10;
  private static final int BATCH = 4;
  private static final ImageSet IMAGES = images(80);
  private static final ImageSet TEST = images(13);

  /** The share of the steps after which memory must not grow any more. */
  private static final double WARM_UP = 0.25;

  /**
   * The process at one moment.
   *
   * @param resident resident memory in bytes
   */
  private record Sample(long step, double resident, int descriptors, int threads) {}

  /**
   * What was seen.
   *
   * @param steps how many were taken
   * @param predictions how many times the threads predicted
   * @param nodes operations added to the graph after the first epoch
   * @param growth of resident memory after warm-up, as a share: its mean in the last tenth of the
   *     steps against that in the first tenth after warm-up
   * @param slope of resident memory after warm-up, in bytes a step, by least squares
   * @param descriptors the different numbers of open file descriptors after warm-up
   * @param threads the different numbers of threads after warm-up
   */
  record Report(
      long steps,
      long predictions,
      int nodes,
      double growth,
      double slope,
      List<Integer> descriptors,
      List<Integer> threads) {}

  private final LongPredicate enough;
  private final Model model;
  private final Model copy;
  private final Path weights;
  private final List<Sample> samples = new ArrayList<>();
  private long steps;
  private int firstNodes;
  private int nodes;

  private Soak(LongPredicate enough, Model model, Model copy, Path folder) {
    this.enough = enough;
    this.model = model;
    this.copy = copy;
    this.weights = folder.resolve("weights.safetensors");
  }

  /** Soaks until the limit, and returns the figures; fails where something grows. */
  static String run(Limit limit, Path scratch) throws Exception {
    long begin = System.nanoTime();
    Report report = report(limit, scratch);
    String figures =
        String.format(
            Locale.ROOT,
            "%,d steps and %,d predictions in %d s; resident memory after warm-up %+.2f %%"
                + " (slope %+.1f bytes a step), file descriptors %s, threads %s, operations added"
                + " to the graph %d",
            report.steps(),
            report.predictions(),
            (System.nanoTime() - begin) / 1_000_000_000,
            100 * report.growth(),
            report.slope(),
            report.descriptors(),
            report.threads(),
            report.nodes());
    if (Math.abs(report.growth()) >= 0.02
        || report.descriptors().size() != 1
        || report.threads().size() != 1
        || report.nodes() != 0) {
      throw new IllegalStateException("something grows: " + figures);
    }
    return figures;
  }

  /** Soaks until the limit, with files in a folder; fails where a prediction fails. */
  static Report report(Limit limit, Path folder) throws Exception {
    ResNetCifar.Builder network = ResNetCifar.builder().width(1).imageSize(SIDE, SIDE);
    try (Model model = network.build();
        Model copy = network.build()) {
      Soak soak = new Soak(limit.start(), model, copy, folder);
      Threads trained = Threads.start(6, () -> use(model));
      Threads copied = Threads.start(2, () -> use(copy));
      trained.awaitCalls(6);
      copied.awaitCalls(2);
      Trainer.builder()
          .optimizer(MomentumOptimizer.of(0.9))
          .schedule(Constant.of(1e-4))
          .batchSize(BATCH)
          .epochs(Integer.MAX_VALUE)
          .callbacks(soak, Checkpoints.in(folder).everySteps(7))
          .build()
          .fit(model, IMAGES, TEST);
      for (Threads threads : List.of(trained, copied)) {
        threads.stop();
        for (Throwable e : threads.failures()) {
          throw new AssertionError("a prediction failed", e);
        }
      }
      return soak.report(trained.calls() + copied.calls());
    }
  }

  private static void use(Model model) throws InterruptedException {
    double sum = model.predict(IMAGES.image(0)).probabilities().stream().sum();
    int count = model.predict(TEST).size();
    if (!(Math.abs(sum - 1) < 1e-9) || count != TEST.size()) {
      throw new AssertionError("probabilities sum to " + sum + ", predictions " + count);
    }
    // Leaves the processor to the training now and then.
    Thread.sleep(20);
  }

  @Override
  public void onStep(StepEvent event, RunHandle handle) {
    steps = event.step() + 1;
    if (steps % 50 == 0) {
      samples.add(sample(steps));
    }
    if (enough.test(steps)) {
      handle.stop();
    }
  }

  @Override
  public void onEpoch(Epoch epoch, RunHandle handle) {
    handle.saveWeights(weights, Map.of());
    copy.loadWeights(weights);
    nodes = model.session().graph().toGraphDef().getNodeCount();
    if (firstNodes == 0) {
      firstNodes = nodes;
    }
  }

  private Report report(long predictions) {
    List<Sample> warm =
        samples.stream().filter(sample -> sample.step() >= WARM_UP * steps).toList();
    int tenth = Math.max(1, samples.size() / 10);
    return new Report(
        steps,
        predictions,
        nodes - firstNodes,
        mean(warm.subList(Math.max(0, warm.size() - tenth), warm.size()))
                / mean(warm.subList(0, Math.min(tenth, warm.size())))
            - 1,
        slope(warm),
        warm.stream().map(Sample::descriptors).distinct().sorted().toList(),
        warm.stream().map(Sample::threads).distinct().sorted().toList());
  }

  private static double mean(List<Sample> samples) {
    return samples.stream().mapToDouble(Sample::resident).average().orElseThrow();
  }

  private static double slope(List<Sample> samples) {
    double step = samples.stream().mapToDouble(Sample::step).average().orElseThrow();
    double resident = mean(samples);
    double products = 0;
    double squares = 0;
    for (Sample sample : samples) {
      products += (sample.step() - step) * (sample.resident() - resident);
      squares += (sample.step() - step) * (sample.step() - step);
    }
    return products / squares;
  }

  private static Sample sample(long step) {
    awaitCheckpoint();
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
      String kilobytes =
          lines
              .filter(line -> line.startsWith("VmRSS:"))
              .findFirst()
              .orElseThrow()
              .replaceAll("\\D", "");
      return new Sample(
          step, 1024 * Double.parseDouble(kilobytes), entries("/proc/self/fd"), threads());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A checkpoint that is being written has a thread and a file of its own. */
  private static void awaitCheckpoint() {
    while (Thread.getAllStackTraces().keySet().stream()
        .anyMatch(thread -> thread.getName().equals("lamina-checkpoint"))) {
      Uninterruptibles.sleepUninterruptibly(Duration.ofMillis(1));
    }
  }

  /** All but a thread that has written a checkpoint and is not gone from the system yet. */
  private static int threads() throws IOException {
    int threads = 0;
    try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
      for (Path task : tasks) {
        try {
          threads += Files.readString(task.resolve("comm")).startsWith("lamina-") ? 0 : 1;
        } catch (IOException e) {
          // It is gone now.
        }
      }
    }
    return threads;
  }

  private static int entries(String folder) {
    String[] names = Path.of(folder).toFile().list();
    return names == null ? 0 : names.length;
  }

  private static ImageSet images(int count) {
    byte[] pixels = new byte[count * SIDE * SIDE * 3];
    new Random(count).nextBytes(pixels);
    return ImageSet.of(
        SIDE,
        SIDE,
        3,
        pixels,
        IntStream.range(0, count).map(i -> i % CLASSES).toArray(),
        IntStream.range(0, CLASSES).mapToObj(Integer::toString).toList());
  }
}
