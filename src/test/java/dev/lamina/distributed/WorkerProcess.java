package dev.lamina.distributed;

import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Precision;
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
import dev.lamina.train.Callback;
import dev.lamina.train.Epoch;
import dev.lamina.train.History;
import dev.lamina.train.RunHandle;
import dev.lamina.train.StepEvent;
import dev.lamina.train.Trainer;
import java.nio.file.Path;
import java.util.stream.IntStream;

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
    OF_SHARES,
    SYNCHRONIZED
  }

  /** The folder for the weights of all networks. */
  public static void main(String[] args) {
    Workers.fromEnvironment(System.getenv()).ifPresent(Cluster::join);
    for (Norms norms : Norms.values()) {
      train(Path.of(args[0]), norms);
    }
    Cluster.joined().ifPresent(WorkerProcess::lose);
    System.exit(0);
  }

  /** Worker 1 ends in the middle of a run; the others say what they make of it. */
  private static void lose(Cluster cluster) {
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
      Trainer.builder(trainer(Norms.NONE).recipe()).callbacks(ending).build().fit(model, images());
    } catch (WorkersException e) {
      System.out.println("lost " + e.getMessage());
    }
  }

  private static void train(Path folder, Norms norms) {
    try (Model model = Model.of(network(norms), SEED)) {
      History history =
          Trainer.builder(trainer(norms).recipe())
              .callbacks(new OfWorker0())
              .build()
              .fit(model, images(), validation());
      if (Cluster.joined().map(Cluster::isFirst).orElse(true)) {
        history.epochs().forEach(e -> System.out.println(e.training() + " " + e.validation()));
        model.saveWeights(folder.resolve(norms + ".safetensors"));
      }
    }
  }

  /** Looks at gradients on worker 0 alone: it must not wait for the others. */
  private static final class OfWorker0 implements Callback {
    @Override
    public boolean onEveryWorker() {
      return false;
    }

    @Override
    public void onEpoch(Epoch epoch, RunHandle run) {
      run.gradients();
    }
  }

  /** Twenty steps; the last batch of each epoch has one image, fewer than there are workers. */
  static Trainer trainer(Norms norms) {
    return Trainer.builder()
        .optimizer(
            norms == Norms.OF_SHARES ? Sgd.create() : MomentumOptimizer.of(0.9).weightDecay(5e-4))
        .schedule(Constant.of(0.05))
        .batchSize(BATCH)
        .epochs(4)
        .precision(Precision.FLOAT32)
        .build();
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
      case NONE ->
          input
              .then(Conv2d.of(4, 3).stride(4), Activation.RELU)
              .then(GlobalAveragePool.create(), Dense.of(10));
      case OF_SHARES ->
          input
              .then(Conv2d.of(4, 3).stride(4), norm, Activation.TANH)
              .then(GlobalAveragePool.create(), Dense.of(10));
      case SYNCHRONIZED ->
          input
              .then(Conv2d.of(4, 3).stride(4), norm, Activation.RELU)
              .then(Conv2d.of(3, 3).stride(2), norm, Activation.RELU)
              .then(GlobalAveragePool.create(), Dense.of(5), norm, Dense.of(10));
    };
  }
}
