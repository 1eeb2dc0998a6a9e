package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.data.ImageSet;
import dev.lamina.format.CheckpointWeights;
import dev.lamina.graph.Variable;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Model;
import dev.lamina.model.Weights;
import dev.lamina.pipeline.BatchOrder;
import dev.lamina.schedule.Schedule;
import dev.lamina.step.DivergenceException;
import dev.lamina.step.EpochSums;
import dev.lamina.step.Metrics;
import dev.lamina.step.TrainStep;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.tensorflow.exceptions.TFResourceExhaustedException;

/** One run of a trainer on a model: the loop over epochs and steps. */
final class Run implements RunHandle {
  private final Trainer trainer;
  private final Model model;
  private final RunSteps steps;
  private final Callbacks callbacks;
  private final ImageSet images;
  private final @Nullable ImageSet validation;
  private final BatchOrder order;
  private final RunState state;
  private @Nullable Supplier<Weights> evaluated;
  private @Nullable Supplier<Weights> last;
  private Schedule schedule;
  private Optional<Evaluation> evaluation = Optional.empty();

  Run(
      Trainer trainer,
      Model model,
      RunSteps steps,
      Callbacks callbacks,
      RunState state,
      BatchOrder order,
      ImageSet images,
      @Nullable ImageSet validation) {
    this.trainer = trainer;
    this.model = model;
    this.steps = steps;
    this.callbacks = callbacks;
    this.state = state;
    this.order = order;
    this.images = images;
    this.validation = validation;
    schedule = trainer.recipe.schedule();
  }

  private TrainStep trainStep() {
    return steps.step();
  }

  /** Trains until the end of the run, or until it is stopped. */
  History finish() {
    RunPlan plan =
        new RunPlan(
            trainer.recipe.epochs(),
            order.stepsPerEpoch(),
            trainer.recipe.batchSize(),
            images.size(),
            state.step,
            model.device().xla());
    WeightSnapshot good =
        new WeightSnapshot(
            model,
            state.step == 0
                ? "its weights before training"
                : "the weights of the checkpoint it was resumed from");
    Throwable failure = null;
    try {
      run(plan, good);
    } catch (RuntimeException | Error e) {
      failure = e;
      throw e;
    } finally {
      end(failure);
    }
    return history();
  }

  /** Returns whether the run was asked to stop, also if that was in its last epoch. */
  boolean stopped() {
    return trainStep().stopAgreed();
  }

  private void run(RunPlan plan, WeightSnapshot good) {
    boolean started = false;
    try {
      callbacks.start(state.step, callback -> callback.onStart(plan, this));
      started = true;
      // Of several workers one may have been asked to stop, such as by a callback in onStart.
      trainStep().agree(Optional.empty());
      while (state.done.size() < plan.epochs() && !trainStep().stopAgreed()) {
        runEpoch(plan, good);
      }
      if (state.done.size() < plan.epochs()) {
        callbacks.tell(state.step, callback -> callback.onStop(this));
      }
      Supplier<Weights> kept = last == null ? evaluated : last;
      if (kept != null) {
        model.assign(kept.get());
      }
    } catch (DivergenceException e) {
      String restored = good.restore();
      throw e.isOfCheckpoint()
          ? e
          : new DivergenceException(
              e.step(), e.learningRate(), "The model was reset to " + restored);
    } catch (CallbackException e) {
      throw started ? e.with(store(e)) : e;
    }
  }

  /** Has {@link Checkpoints} store the run after a callback has failed; says how to continue. */
  private String store(CallbackException failure) {
    Optional<Checkpoints> checkpoints = Checkpoints.among(trainer.callbacks);
    if (checkpoints.isEmpty()) {
      return "; the run has no checkpoint: correct that and start again";
    }
    try {
      callbacks.store(state.step, this);
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
    CheckpointFolder written = CheckpointFolder.of(checkpoints.get().run());
    return Files.exists(written.file(state.step))
        ? "; the run was checkpointed: correct that and resume"
        : "; no checkpoint could be written: correct that and "
            + (written.files().isEmpty() ? "start again" : "resume from an earlier one");
  }

  private void end(@Nullable Throwable failure) {
    try {
      callbacks.end(state.step, history());
    } catch (RuntimeException e) {
      if (failure == null) {
        throw e;
      }
      failure.addSuppressed(e);
    }
  }

  /** Continues with an epoch, and leaves it unfinished if the run is stopped. */
  private void runEpoch(RunPlan plan, WeightSnapshot good) {
    int number = state.done.size() + 1;
    long end = (long) number * plan.stepsPerEpoch();
    if (state.betweenEpochs()) {
      steps.scale(trainer.recipe.imageScale(number));
      state.startEpoch();
      trainStep().resetMetrics();
    }
    if (state.step < end) {
      trainStep().prepare(order.batch(state.step));
    }
    long last = end - 1;
    // A run that is resumed in the evaluation takes no step. Else those of the last step count:
    // after it a callback may change the rate of later ones.
    double learningRate = learningRate(last, plan);
    double momentum = momentum(last, plan);
    while (state.step < end) {
      if (trainStep().stopAgreed()) {
        return;
      }
      StepEvent taken = runStep(plan, number, end);
      learningRate = taken.learningRate();
      momentum = taken.momentum();
    }
    if (!good.update("the weights of the last whole epoch")) {
      throw new DivergenceException(last, learningRate, "");
    }
    Optional<Metrics> validated = validate();
    if (validation != null && validated.isEmpty()) {
      return;
    }
    Metrics metrics = trainStep().metrics();
    Epoch epoch =
        new Epoch(number, state.step, metrics, validated, learningRate, momentum, state.seconds());
    state.endEpoch(
        epoch, () -> callbacks.tell(state.step, callback -> callback.onEpoch(epoch, this)));
    trainStep().agree(Optional.empty());
  }

  private StepEvent runStep(RunPlan plan, int epoch, long end) {
    long step = state.step;
    int[] batch = order.batch(step);
    if (step + 1 < end) {
      trainStep().prepare(order.batch(step + 1));
    }
    double learningRate = learningRate(step, plan);
    double momentum = momentum(step, plan);
    try {
      trainStep().run(batch, step, learningRate, momentum);
    } catch (TFResourceExhaustedException e) {
      throw trainer.outOfMemory(model, images, e);
    } catch (DivergenceException e) {
      throw step > 0 && step == plan.done()
          ? DivergenceException.ofCheckpoint(step, learningRate)
          : e;
    }
    state.step++;
    StepEvent event = new StepEvent(step, epoch, batch.length, learningRate, momentum);
    callbacks.tell(state.step, callback -> callback.onStep(event, this));
    return event;
  }

  /**
   * Evaluates the validation images; empty if there are none, or the run was stopped. Of several
   * workers each evaluates all of them, which takes no longer than if the others waited.
   */
  private Optional<Metrics> validate() {
    if (validation == null) {
      return Optional.empty();
    }
    Optional<Weights> weights = Optional.ofNullable(evaluated).map(Supplier::get);
    evaluation = model.evaluate(validation, weights, trainer.metrics, trainStep()::stopRequested);
    return trainStep().agree(evaluation.map(Metrics::of));
  }

  private double learningRate(long step, RunPlan plan) {
    return schedule.learningRate(step, plan.steps()) * state.learningRateScale;
  }

  private double momentum(long step, RunPlan plan) {
    return schedule.momentum(step, plan.steps()).orElse(trainer.recipe.optimizer().momentum());
  }

  @Override
  public Metrics metrics() {
    return trainStep().metrics();
  }

  @Override
  public boolean lowerIsBetter(String metric) {
    return Callbacks.lowerIsBetter(metric, trainer.metrics);
  }

  @Override
  public double learningRate() {
    return trainStep().learningRate();
  }

  @Override
  public void scaleLearningRate(double factor) {
    checkArgument(
        factor > 0 && Double.isFinite(factor),
        "factor must be positive and finite, got %s",
        factor);
    state.learningRateScale *= factor;
  }

  @Override
  public void schedule(UnaryOperator<Schedule> change) {
    schedule = change.apply(schedule);
  }

  @Override
  public Weights withStatistics(Weights weights) {
    int epoch = order.stepsPerEpoch();
    long first = Math.max(0, state.step - 1) / epoch * epoch;
    return RunningStatistics.compute(model, trainStep(), trainer.frozen, order, first, weights);
  }

  @Override
  public Map<String, float[]> gradients() {
    long step = Math.max(0, state.step - 1);
    Map<String, float[]> gradients = new LinkedHashMap<>();
    if (Together.synchronizesBatchNorms(trainer.recipe, model)) {
      return gradients;
    }
    trainStep()
        .gradients(order.batch(step), step)
        .forEach((variable, gradient) -> gradients.put(variable.name(), gradient));
    return gradients;
  }

  @Override
  public Recipe recipe() {
    return trainer.recipe;
  }

  @Override
  public ImageSet images() {
    return images;
  }

  @Override
  public Optional<Evaluation> evaluation() {
    return evaluation;
  }

  @Override
  public long steps() {
    return state.step;
  }

  @Override
  public void stop() {
    steps.requestStop();
  }

  @Override
  public History history() {
    return new History(state.done);
  }

  @Override
  public Checkpoint checkpoint() {
    EpochSums sums = state.betweenEpochs() ? EpochSums.ZERO : trainStep().sums();
    return state.checkpoint(
        sums,
        trainStep().learningRate(),
        CheckpointWeights.describe(
            model.network(),
            model.classNames(),
            model.preprocessing(),
            Map.of("step", Long.toString(state.step))),
        Optional.ofNullable(evaluated).map(Supplier::get));
  }

  @Override
  public Weights weights() {
    return model.weights();
  }

  @Override
  public void assign(Weights weights) {
    model.assign(weights);
  }

  @Override
  public float[] read(Variable variable) {
    return Objects.requireNonNull(model.session().read(List.of(variable)).get(variable));
  }

  @Override
  public void assign(Map<Variable, float[]> values) {
    model.session().assign(values);
  }

  @Override
  public CallbackState state(String name) {
    return state.callback(name);
  }

  @Override
  public void evaluationWeights(Supplier<Weights> source) {
    evaluated = source;
  }

  @Override
  public void finalWeights(Supplier<Weights> source) {
    last = source;
  }

  @Override
  public Weights evaluationWeights() {
    return evaluated == null ? model.weights() : evaluated.get();
  }

  @Override
  public void saveWeights(Path file, Map<String, String> metadata) {
    model.saveWeights(file, evaluationWeights(), metadata);
  }
}
