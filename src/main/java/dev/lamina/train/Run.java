package dev.lamina.train;

import dev.lamina.data.ImageSet;
import dev.lamina.data.Permutation;
import dev.lamina.export.FormatException;
import dev.lamina.export.Safetensors.Tensor;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Variable;
import dev.lamina.model.Model;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One run of a trainer on a model: where it is, and the loop that takes it further. */
final class Run implements RunHandle {
  private final Trainer trainer;
  private final Model model;
  private final TrainStep trainStep;
  private final ImageSet train;
  private final @Nullable ImageSet validation;
  private final int stepsPerEpoch;
  private final List<Epoch> done = new ArrayList<>();
  private @Nullable Map<String, String> configuration;
  private long step;
  private long epochStart = System.nanoTime();
  private volatile boolean stopped;

  Run(
      Trainer trainer,
      Model model,
      TrainStep trainStep,
      ImageSet train,
      @Nullable ImageSet validation) {
    this.trainer = trainer;
    this.model = model;
    this.trainStep = trainStep;
    this.train = train;
    this.validation = validation;
    stepsPerEpoch =
        trainer.dropLast
            ? train.size() / trainer.batchSize
            : (train.size() - 1) / trainer.batchSize + 1;
  }

  /** Takes the run to where it ended. */
  void restore(Checkpoint checkpoint) {
    Configuration.check(checkpoint.configuration(), configuration(), trainer.mayDiffer);
    Map<Variable, float[]> values = new LinkedHashMap<>();
    for (Variable variable : trainStep.state()) {
      Tensor saved = checkpoint.tensors().get(variable.name());
      if (saved == null && trainStep.lossScale().contains(variable)) {
        continue; // Made in another precision: it begins anew.
      }
      long[] shape = variable.parameter().shape().asArray();
      if (saved == null || !Arrays.equals(saved.shape(), shape)) {
        throw new FormatException(
            "the checkpoint must have %s of shape %s, has %s; use the optimizer that it was made with"
                .formatted(
                    variable.name(),
                    Arrays.toString(shape),
                    saved == null ? "none" : Arrays.toString(saved.shape())));
      }
      values.put(variable, saved.floats());
    }
    Checkpoint.Progress progress = checkpoint.progress();
    long first = (long) progress.history().epochs().size() * stepsPerEpoch;
    if (progress.step() < first || progress.step() > first + stepsPerEpoch) {
      throw new FormatException(
          "the checkpoint must be of a step from %s to %s, as its history says, is of %s; use another"
              .formatted(first, first + stepsPerEpoch, progress.step()));
    }
    model.session().assign(values);
    trainStep.sums().set(progress.sums());
    step = progress.step();
    done.addAll(progress.history().epochs());
    epochStart = System.nanoTime() - (long) (progress.seconds() * 1e9);
  }

  /** Takes the run to its end, or to where it is stopped. */
  History finish() {
    try {
      RunPlan plan =
          new RunPlan(trainer.epochs, stepsPerEpoch, trainer.batchSize, train.size(), step);
      tell(callback -> callback.onStart(plan, this));
      LastGood good =
          new LastGood(model, step == 0 ? "before training" : "the checkpoint it was resumed from");
      try {
        while (done.size() < trainer.epochs && !stopped) {
          runEpoch(plan, good);
        }
        if (done.size() < trainer.epochs) {
          tell(callback -> callback.onStop(this));
        }
      } catch (DivergenceException e) {
        throw new DivergenceException(e.step(), e.learningRate(), good.restore());
      }
    } finally {
      tell(callback -> callback.onEnd(history()));
    }
    return history();
  }

  /** Goes on with an epoch, and leaves it unfinished where the run is stopped. */
  private void runEpoch(RunPlan plan, LastGood good) {
    int number = done.size() + 1;
    long first = (long) done.size() * stepsPerEpoch;
    if (betweenEpochs()) {
      epochStart = System.nanoTime();
      trainStep.resetMetrics();
    }
    int[] order = Permutation.of(train.size(), trainer.seed, number);
    long end = first + stepsPerEpoch;
    if (step < end) {
      trainStep.prepare(batch(order, step - first));
    }
    while (step < end) {
      if (stopped) {
        return;
      }
      int[] batch = batch(order, step - first);
      if (step + 1 < end) {
        trainStep.prepare(batch(order, step + 1 - first));
      }
      double learningRate = trainer.schedule.learningRate(step, plan.steps());
      double momentum = momentum(step, plan);
      trainStep.run(batch, step, learningRate, momentum);
      StepEvent event = new StepEvent(step, number, batch.length, learningRate, momentum);
      step++;
      tell(callback -> callback.onStep(event, this));
    }
    double learningRate = trainer.schedule.learningRate(step - 1, plan.steps());
    if (!good.update("the last whole epoch")) {
      throw new DivergenceException(step - 1, learningRate, "the last whole epoch");
    }
    Optional<Metrics> validated = Optional.empty();
    if (validation != null) {
      validated = model.evaluate(validation, () -> stopped).map(Metrics::of);
      if (validated.isEmpty()) {
        return;
      }
    }
    Metrics metrics = trainStep.metrics();
    Epoch epoch =
        new Epoch(
            number,
            step,
            metrics.loss(),
            metrics.accuracy(),
            validated,
            learningRate,
            momentum(step - 1, plan),
            seconds());
    done.add(epoch);
    tell(callback -> callback.onEpoch(epoch, this));
  }

  /** The places of the images of one of an epoch's steps. */
  private int[] batch(int[] order, long at) {
    int start = Math.toIntExact(at * trainer.batchSize);
    return Arrays.copyOfRange(order, start, Math.min(start + trainer.batchSize, order.length));
  }

  private double momentum(long at, RunPlan plan) {
    return trainer.schedule.momentum(at, plan.steps()).orElse(trainer.optimizer.momentum());
  }

  private double seconds() {
    return (System.nanoTime() - epochStart) / 1e9;
  }

  private boolean betweenEpochs() {
    return step == (long) done.size() * stepsPerEpoch;
  }

  private void tell(Consumer<Callback> what) {
    trainer.callbacks.forEach(what);
  }

  private Map<String, String> configuration() {
    if (configuration == null) {
      configuration = Configuration.of(trainer, model, train, validation);
    }
    return configuration;
  }

  @Override
  public Metrics metrics() {
    return trainStep.metrics();
  }

  @Override
  public void stop() {
    stopped = true;
  }

  @Override
  public History history() {
    return new History(done);
  }

  @Override
  public Checkpoint checkpoint() {
    Map<Variable, float[]> state = model.session().read(trainStep.state());
    if (!GraphSession.allFinite(state)) {
      double rate = trainer.schedule.learningRate(step - 1, (long) trainer.epochs * stepsPerEpoch);
      throw new DivergenceException(step - 1, rate, "the step");
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    state.forEach(
        (variable, values) ->
            tensors.put(
                variable.name(), Tensor.of(variable.parameter().shape().asArray(), values)));
    Checkpoint.Progress progress =
        betweenEpochs()
            ? new Checkpoint.Progress(step, MetricSums.Sums.ZERO, 0, history())
            : new Checkpoint.Progress(step, trainStep.sums().read(), seconds(), history());
    return new Checkpoint(progress, configuration(), tensors);
  }

  @Override
  public void saveWeights(Path file, Map<String, String> metadata) {
    model.saveWeights(file, metadata);
  }
}
