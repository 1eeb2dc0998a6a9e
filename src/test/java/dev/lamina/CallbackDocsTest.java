package dev.lamina;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Shuffled;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.report.CsvLog;
import dev.lamina.report.TensorBoard;
import dev.lamina.schedule.Constant;
import dev.lamina.schedule.OneCycle;
import dev.lamina.step.TrainStep;
import dev.lamina.train.BestModel;
import dev.lamina.train.Callback;
import dev.lamina.train.CallbackState;
import dev.lamina.train.Checkpoints;
import dev.lamina.train.JsonLines;
import dev.lamina.train.LambdaCallback;
import dev.lamina.train.LearningRateFinder;
import dev.lamina.train.Recipe;
import dev.lamina.train.RunHandle;
import dev.lamina.train.StepEvent;
import dev.lamina.train.Swa;
import dev.lamina.train.Throughput;
import dev.lamina.train.TimeLimit;
import dev.lamina.train.Trainer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java code of docs/callbacks.md, run. */
class CallbackDocsTest {
  private static final ImageSet TRAIN =
      ImageData.embedded().train().subset(IntStream.range(0, 12).toArray());

  @TempDir private Path scratch;
  private Path run = Path.of("");

  @BeforeEach
  void nameRun() {
    run = scratch.resolve("runs/photos"); // Does not exist yet.
  }

  // region state
  /** Halves the learning rate when the training loss has grown since the last look. */
  record LossGuard(int every) implements Callback {
    @Override
    public void onStep(StepEvent event, RunHandle run) {
      if ((event.step() + 1) % every == 0) {
        CallbackState state = run.state(name());
        double loss = run.metrics().loss();
        if (loss > state.get("loss", Double.MAX_VALUE)) {
          run.scaleLearningRate(0.5);
        }
        state.put("loss", loss);
      }
    }
  }

  // endregion

  private static Model model() {
    return Model.of(Network.input(32, 32, 3).then(GlobalAveragePool.create(), Dense.of(10)));
  }

  @Test
  void callbacks_takePart() {
    ImageSet validation = TRAIN;
    StringBuilder lines = new StringBuilder();
    try (Model model = model()) {
      Trainer.Builder trainer = Trainer.builder().epochs(3).batchSize(4);
      // region use
      trainer
          .callbacks(
              Throughput.create(),
              Swa.from(2).constant(0.05, 1),
              TimeLimit.of(Duration.ofHours(8)),
              BestModel.in(run.resolve("best.safetensors")).lowest("loss"),
              CsvLog.to(run.resolve("history.csv")),
              JsonLines.to(run.resolve("events.jsonl")).everySteps(100),
              TensorBoard.in(run.resolve("tensorboard")),
              LambdaCallback.create().onEpoch((epoch, handle) -> lines.append(epoch.loss())),
              new LossGuard(50),
              Checkpoints.in(run))
          .build()
          .resume(run, model, TRAIN, validation);
      // endregion
    }
    assertThat(lines).isNotEmpty();
    for (String file : new String[] {"best.safetensors", "history.csv", "events.jsonl"}) {
      assertThat(run.resolve(file)).isNotEmptyFile();
    }
    assertThat(run.resolve("tensorboard")).isNotEmptyDirectory();
  }

  /** The steps of {@code fit}. */
  @Test
  void loop_takesTheStepsOfATrainer() {
    ImageSet images = TRAIN;
    try (Model model = model();
        Model expected = model()) {
      // region loop
      try (TrainStep step = Trainer.builder().batchSize(4).seed(1).build().step(model, images)) {
        long number = 0; // of the step: with the seed it determines all random draws
        for (int epoch = 1; epoch <= 2; epoch++) {
          step.resetMetrics();
          int[] order = Shuffled.create().order(images, 1, epoch);
          for (int from = 0; from < order.length; from += 4, number++) {
            int[] batch = Arrays.copyOfRange(order, from, Math.min(from + 4, order.length));
            step.run(batch, number, 0.05, 0.9);
          }
          System.out.println(step.metrics().loss());
        }
      }
      // endregion
      Trainer.builder()
          .batchSize(4)
          .seed(1)
          .epochs(2)
          .schedule(Constant.of(0.05))
          .build()
          .fit(expected, images);
      for (String name : expected.weights().names()) {
        assertThat(model.weights().get(name)).isEqualTo(expected.weights().get(name));
      }
    }
  }

  @Test
  void finder_suggestsARate() {
    ImageSet images = TRAIN;
    Recipe recipe = Recipe.create().batchSize(4);
    try (Model model = model()) {
      // region finder
      double rate =
          LearningRateFinder.of(1e-4, 1).steps(20).find(model, images, recipe).suggestion();
      Recipe found = recipe.schedule(OneCycle.of(rate));
      // endregion
      assertThat(found.schedule()).isEqualTo(OneCycle.of(rate));
      assertThat(rate).isBetween(1e-5, 0.1);
    }
  }
}
