package dev.lamina.torture;

import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Precision;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.Flatten;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.report.HistoryCsv;
import dev.lamina.schedule.OneCycle;
import dev.lamina.train.Callback;
import dev.lamina.train.Checkpoints;
import dev.lamina.train.History;
import dev.lamina.train.RunHandle;
import dev.lamina.train.RunPlan;
import dev.lamina.train.StepEvent;
import dev.lamina.train.Trainer;
import java.nio.file.Path;
import java.util.stream.IntStream;

/**
 * A program that starts a small run, or continues it. It says {@code start} and then the number of
 * steps taken, after each of them, and leaves weights and history at the end.
 */
final class TrainingProcess {
  static final int STEPS_PER_CHECKPOINT = 5;

  private TrainingProcess() {}

  /**
   * The run folder, the seed, the number of epochs of ten steps, and the units of the dense layer,
   * for each of which a checkpoint takes 2 KB.
   */
  public static void main(String[] args) {
    train(args, new Talker());
  }

  /** Does the same in this process, and tells the callback instead. */
  static void train(String[] args, Callback talker) {
    Path run = Path.of(args[0]);
    ImageSet all = ImageData.embedded().train();
    ImageSet train = all.subset(IntStream.range(0, 190).toArray());
    ImageSet validation = all.subset(IntStream.range(190, 230).toArray());
    Network network =
        Network.input(32, 32, 3)
            .then(Conv2d.of(4, 3).stride(2), BatchNorm.create(), Activation.RELU)
            .then(Conv2d.of(4, 3).stride(2), BatchNorm.create(), Activation.RELU)
            .then(Flatten.create(), Dense.of(Integer.parseInt(args[3])), Activation.RELU)
            .then(Dropout.of(0.3), Dense.of(10));
    long seed = Long.parseLong(args[1]);
    try (Model model = Model.of(network, seed)) {
      History history =
          Trainer.builder()
              .schedule(OneCycle.of(0.02))
              .augment(RandomCrop.reflect(4), RandomFlip.horizontal())
              .epochs(Integer.parseInt(args[2]))
              .batchSize(20)
              .precision(Precision.FLOAT32)
              .seed(seed)
              // In this order: it says that it starts when what was left half-written is gone.
              .callbacks(Checkpoints.in(run).everySteps(STEPS_PER_CHECKPOINT).keep(2), talker)
              .build()
              .resume(run, model, train, validation);
      model.saveWeights(run.resolve("weights.safetensors"));
      HistoryCsv.write(history, run.resolve("history.csv"));
    }
  }

  private static final class Talker implements Callback {
    @Override
    public void onStart(RunPlan plan, RunHandle run) {
      System.out.println("start");
      System.out.println(plan.done());
    }

    @Override
    public void onStep(StepEvent event, RunHandle run) {
      System.out.println(event.step() + 1);
    }
  }
}
