package dev.lamina.distributed;

import dev.lamina.augment.Batch;
import dev.lamina.augment.BatchAugmentation;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Precision;
import dev.lamina.io.HeldPort;
import dev.lamina.io.LaminaException;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.optimizer.Sgd;
import dev.lamina.schedule.Constant;
import dev.lamina.torture.JavaProcess;
import dev.lamina.train.Callback;
import dev.lamina.train.Checkpoints;
import dev.lamina.train.EarlyStopping;
import dev.lamina.train.Epoch;
import dev.lamina.train.History;
import dev.lamina.train.LambdaCallback;
import dev.lamina.train.Recipe;
import dev.lamina.train.RunHandle;
import dev.lamina.train.StepEvent;
import dev.lamina.train.Swa;
import dev.lamina.train.Trainer;
import dev.lamina.zoo.Zoo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/**
 * A program that trains two networks, one after the other, as the worker that its environment says
 * or alone; it leaves their weights and prints the metrics of each epoch.
 */
public final class WorkerProcess {
  static final long SEED = 3;
  static final int BATCH = 32;
  static final int IMAGES = 4 * BATCH + 1;

  private WorkerProcess() {}

  /** The batch norms of a network. */
  enum Norms {
    NONE,

    /** With a single parameter, as where the layers before a classifier without bias are frozen. */
    NONE_ONE_PARAMETER,

    /** In bfloat16, with a convolution that has a bias. */
    NONE_BFLOAT16,
    OF_SHARES,
    OF_SHARES_RELU,
    SYNCHRONIZED,

    /** Those of a network of the zoo, by the recipe. */
    ZOO_SYNCHRONIZED
  }

  /** The word after which wrong starts and failures are tried. */
  static final String TELL = "tell";

  /** The word for a training in which worker 1 takes long. */
  static final String SLOW = "slow";

  /**
   * A folder for the weights; then what to do, one after the other: networks to train, or words.
   */
  public static void main(String[] args) {
    System.setProperty("org.slf4j.simpleLogger.log.dev.lamina.step", "debug");
    Workers.fromEnvironment(System.getenv()).ifPresent(Cluster::join);
    Path folder = Path.of(args[0]);
    for (String word : Arrays.asList(args).subList(1, args.length)) {
      if (word.equals(TELL)) {
        tell(Cluster.joined().orElseThrow(), folder);
      } else if (word.equals(SLOW)) {
        trainWithSlowWorker(Cluster.joined().orElseThrow());
      } else {
        train(folder, Norms.valueOf(word));
      }
    }
    System.exit(0);
  }

  /** Starts this program as several workers, and returns what each has printed. */
  static List<String> start(int size, Path folder, Object... words)
      throws IOException, InterruptedException {
    try (HeldPort port = new HeldPort()) {
      return start(size, Integer.toString(port.number()), folder, words);
    }
  }

  private static List<String> start(int size, String port, Path folder, Object... words)
      throws IOException, InterruptedException {
    Object[] args = Stream.concat(Stream.of(folder), Stream.of(words)).toArray();
    List<Process> processes = new ArrayList<>();
    for (int rank = 0; rank < size; rank++) {
      ProcessBuilder builder = JavaProcess.of(WorkerProcess.class, args).redirectErrorStream(true);
      builder
          .environment()
          .putAll(
              Map.of(
                  "RANK",
                  Integer.toString(rank),
                  "WORLD_SIZE",
                  Integer.toString(size),
                  "MASTER_ADDR",
                  "127.0.0.1",
                  "MASTER_PORT",
                  port,
                  "LAMINA_WORKER_TIMEOUT",
                  "120"));
      processes.add(builder.start());
    }
    List<String> said = new ArrayList<>();
    for (Process process : processes) {
      said.add(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
      process.waitFor();
    }
    return said;
  }

  /** Prints what comes of wrong starts, and of a worker that ends. */
  private static void tell(Cluster cluster, Path folder) {
    boolean first = cluster.isFirst();
    Recipe recipe = trainer(Norms.NONE).recipe();
    Recipe other = recipe.schedule(Constant.of(0.06));
    ImageSet one = images().subset(new int[] {0});
    refuse(first ? recipe : other, images());
    refuse(recipe, first ? images() : validation());
    refuse(recipe, one);
    refuse(recipe, images(), Swa.from(1));
    refuse(recipe, images(), Checkpoints.in(folder.resolve("run" + cluster.rank())));
    Checkpoints checkpoints = Checkpoints.in(folder.resolve("refused"));
    refuse(recipe, images(), first ? new Callback[] {checkpoints} : new Callback[0]);
    refuse((first ? recipe : other).freezeEpochs(1), images(), checkpoints);
    stopEarly(cluster, folder.resolve("early"));
    lose(cluster, folder.resolve("lost"));
  }

  /** Prints how many steps a run takes until it stops early, and then when it is resumed. */
  private static void stopEarly(Cluster cluster, Path run) {
    for (String part : List.of("stopped", "resumed")) {
      List<Long> steps = new ArrayList<>();
      try (Model model = Model.of(network(Norms.NONE), SEED)) {
        Trainer.builder(trainer(Norms.NONE).recipe())
            .callbacks(
                EarlyStopping.patience(1).minDelta(100),
                LambdaCallback.create().onStep((event, handle) -> steps.add(event.step())),
                Checkpoints.in(run))
            .build()
            .resume(run, model, images(), validation());
      }
      System.out.println(part + " after " + steps.size());
      cluster.exchange("the checkpoint is written");
    }
  }

  private static void refuse(Recipe recipe, ImageSet images, Callback... callbacks) {
    try (Model model = Model.of(network(Norms.NONE), SEED)) {
      Trainer.builder(recipe).callbacks(callbacks).build().fit(model, images);
    } catch (LaminaException | IllegalArgumentException e) {
      System.out.println("refused " + e.getMessage());
    }
  }

  private static void trainWithSlowWorker(Cluster cluster) {
    try (Model model = Model.of(network(Norms.NONE), SEED)) {
      Trainer.builder(trainer(Norms.NONE).recipe())
          .augment(new Burden(cluster.isFirst() ? 2 : 2000))
          .build()
          .fit(model, images());
    }
  }

  /**
   * Changes nothing, but takes long.
   *
   * @param size that of the matrices it multiplies
   */
  private record Burden(int size) implements BatchAugmentation {
    /** The same on all workers, which compare it. */
    @Override
    public String toString() {
      return "burden";
    }

    @Override
    public Batch apply(Ops tf, Batch batch, Operand<TInt64> seed) {
      Operand<TFloat32> random =
          tf.random.statelessRandomUniform(tf.constant(new int[] {size, size}), seed);
      Operand<TFloat32> product = tf.linalg.matMul(random, random);
      // TensorFlow removes an operation whose result nobody uses: this one is 0, which it cannot
      // know.
      Operand<TFloat32> zero =
          tf.math.minimum(tf.reduceSum(product, tf.constant(new int[] {0, 1})), tf.constant(0f));
      return batch.withImages(tf.math.add(batch.images(), tf.dtypes.cast(zero, TUint8.class)));
    }
  }

  /** Worker 1 ends in the middle of a run; the others say what they make of it. */
  private static void lose(Cluster cluster, Path run) {
    Callback ending =
        new Callback() {
          @Override
          public void onStep(StepEvent event, RunHandle run) {
            if (cluster.rank() == 1 && event.step() == 2) {
              Runtime.getRuntime().halt(9);
            }
          }
        };
    try (Model model = Model.of(network(Norms.NONE), SEED)) {
      Trainer.builder(trainer(Norms.NONE).recipe())
          .callbacks(ending, Checkpoints.in(run).everySteps(1))
          .build()
          .fit(model, images());
    } catch (WorkersException e) {
      System.out.println("lost " + e.getMessage());
    }
  }

  private static void train(Path folder, Norms norms) {
    try (Model model = Model.of(network(norms), SEED)) {
      History history =
          Trainer.builder(trainer(norms).recipe())
              .callbacks(new OfWorker0(norms))
              .build()
              .fit(model, images(), validation());
      if (Cluster.joined().map(Cluster::isFirst).orElse(true)) {
        history.epochs().forEach(e -> System.out.println(e.training() + " " + e.validation()));
        model.saveWeights(folder.resolve(norms + ".safetensors"));
      }
    }
  }

  /**
   * Looks at gradients on worker 0 alone: it must not wait for the others. Of the one image of the
   * last batch it has none.
   */
  private record OfWorker0(Norms norms) implements Callback {
    @Override
    public boolean onEveryWorker() {
      return false;
    }

    @Override
    public void onStep(StepEvent event, RunHandle run) {
      if (event.step() == 0 || event.images() == 1) {
        System.out.println("gradients of " + event.images() + " images " + known(run.gradients()));
      }
    }

    @Override
    public void onEpoch(Epoch epoch, RunHandle run) {
      if (norms == Norms.OF_SHARES) {
        System.out.println("statistics " + known(run.withStatistics(run.weights()).asMap()));
      }
    }

    private static String known(Map<String, float[]> values) {
      if (values.isEmpty()) {
        return "none";
      }
      for (float[] each : values.values()) {
        for (float value : each) {
          if (Float.isNaN(value)) {
            return "NaN";
          }
        }
      }
      return "known";
    }
  }

  static boolean isOfShares(Norms norms) {
    return norms == Norms.OF_SHARES || norms == Norms.OF_SHARES_RELU;
  }

  /** Twenty steps; the last batch of each epoch has one image, fewer than there are workers. */
  static Trainer trainer(Norms norms) {
    return Trainer.builder()
        .optimizer(isOfShares(norms) ? Sgd.create() : MomentumOptimizer.of(0.9).weightDecay(5e-4))
        .schedule(Constant.of(rate(norms)))
        .batchSize(BATCH)
        .epochs(4)
        .precision(norms == Norms.NONE_BFLOAT16 ? Precision.BFLOAT16 : Precision.FLOAT32)
        .synchronizedBatchNorms(norms == Norms.ZOO_SYNCHRONIZED)
        .build();
  }

  /** Lower for the deep network, in which differences by rounding grow faster. */
  static double rate(Norms norms) {
    return norms == Norms.ZOO_SYNCHRONIZED ? 1e-4 : 0.05;
  }

  static ImageSet images() {
    return ImageData.embedded().train().subset(IntStream.range(0, IMAGES).toArray());
  }

  static ImageSet validation() {
    return ImageData.embedded().train().subset(IntStream.range(500, 516).toArray());
  }

  /** With a smooth activation where rounding must not change which side of zero a value is on. */
  static Network network(Norms norms) {
    Network input = Network.input(32, 32, 3);
    BatchNorm norm = BatchNorm.create().synchronizedStatistics(norms == Norms.SYNCHRONIZED);
    return switch (norms) {
      case NONE, NONE_BFLOAT16 ->
          input
              .then(Conv2d.of(4, 3).stride(4), Activation.RELU)
              .then(GlobalAveragePool.create(), Dense.of(10));
      case NONE_ONE_PARAMETER -> input.then(GlobalAveragePool.create(), Dense.of(10).bias(false));
      case OF_SHARES, OF_SHARES_RELU ->
          input
              .then(Conv2d.of(4, 3).stride(4), norm)
              .then(norms == Norms.OF_SHARES ? Activation.TANH : Activation.RELU)
              .then(GlobalAveragePool.create(), Dense.of(10));
      case SYNCHRONIZED ->
          input
              .then(Conv2d.of(4, 3).stride(4), norm, Activation.RELU)
              .then(Conv2d.of(3, 3).stride(2), norm, Activation.RELU)
              .then(GlobalAveragePool.create(), Dense.of(5), norm, Dense.of(10));
      case ZOO_SYNCHRONIZED -> Zoo.get("airbench94").width(4).network();
    };
  }
}
