package dev.lamina.step;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import dev.lamina.data.ImageSet;
import dev.lamina.graph.Context;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Precision;
import dev.lamina.graph.State;
import dev.lamina.graph.Variable;
import dev.lamina.model.Model;
import dev.lamina.pipeline.BatchPipeline;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.proto.RunMetadata;
import org.tensorflow.proto.RunOptions;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/**
 * One step of training, built into a model's graph and run by hand: the <em>batch</em> ({@link
 * BatchPipeline}), its <em>gradients</em>, their <em>{@link Exchange}</em> and the <em>update</em>.
 * {@code Trainer.step} creates one; {@code Trainer.fit} is a loop around it.
 *
 * <p>If the loss or a gradient is not finite, nothing is updated and {@link DivergenceException} is
 * thrown; in {@link Precision#FLOAT16} a step whose gradients overflow is repeated first, with a
 * smaller scale of the loss.
 *
 * <p>Two steps of one model share its weights and nothing else: each has an optimizer state of its
 * own.
 */
public final class TrainStep implements AutoCloseable {
  private final GraphSession session;
  private final List<BatchPipeline> pipelines;
  private final State state;
  private final Update update;
  private final Agreement agreement;
  private final Contribution contribution;
  private final @Nullable LossScale lossScale;
  private final int images;
  private final int parts;
  private final @Nullable Accumulation accumulation;
  private final StepForms forms;
  private boolean closed;

  /**
   * Builds the step and loads the images. The state of the optimizer is reset.
   *
   * @throws IllegalArgumentException if an option does not fit the model
   */
  public TrainStep(Model model, ImageSet images, StepOptions options) {
    session = model.session();
    state = new State(session, model.variables());
    pipelines =
        BatchPipeline.of(
            session,
            images,
            options.augmentations(),
            options.seed(),
            options.stepsPerEpoch(),
            BatchDivision.shards(session));
    lossScale = options.precision() == Precision.FLOAT16 ? new LossScale(session, state) : null;
    Gradients gradients =
        Gradients.build(
            context(options),
            model.network(),
            ScaledImages.of(
                session.device().host(session.ops()),
                pipelines.get(0).batch(),
                options.imageScale()),
            options,
            session.ops(),
            lossScale);
    contribution = Replicas.mean(session, pipelines, gradients.contribution());
    this.images = images.size();
    parts = options.accumulate();
    accumulation =
        parts == 1 ? null : new Accumulation(session, options.metrics().size(), contribution);
    agreement = new Agreement(session, options.metrics().size(), contribution.gradients().values());
    update =
        new Update(
            session,
            state,
            options,
            gradients.values(),
            exchanged(options),
            model.variables(),
            lossScale);
    forms = new StepForms(session, options.batchSize(), update, accumulation);
    clear();
    // Last, so that no images remain loaded if building fails.
    pipelines.forEach(BatchPipeline::load);
  }

  private void clear() {
    state.clear();
    if (accumulation != null) {
      accumulation.clear();
    }
    if (lossScale != null) {
      lossScale.reset();
    }
    resetMetrics();
  }

  private Context context(StepOptions options) {
    BatchPipeline pipeline = pipelines.get(0);
    return Context.training(
        session,
        pipeline.key(),
        options.precision(),
        options.frozen()::contains,
        BatchDivision.share(session, pipeline.batch().weights(), options.synchronizedBatchNorms()));
  }

  /** Returns the mean of the contributions of all workers. */
  private Contribution exchanged(StepOptions options) {
    return options
        .exchange()
        .apply(
            session.ops().withSubScope("exchange"),
            accumulation == null ? contribution : accumulation.whole());
  }

  /**
   * Takes one step.
   *
   * @param batch the indices of the batch's images in the set; of several workers, which have to be
   *     given the same batch, each takes its share
   * @param step the number of the step, from 0; with the seed it determines all random draws
   * @param learningRate the learning rate, finite and not negative
   * @param momentum the momentum, in [0, 1)
   * @throws DivergenceException if the loss or a gradient is not finite; the weights are then as
   *     before
   * @throws IllegalArgumentException if the batch is empty, an index is not one of the set's, or
   *     the learning rate or the momentum is out of range
   */
  public void run(int[] batch, long step, double learningRate, double momentum) {
    run(Session.Runner::run, batch, step, learningRate, momentum).close();
  }

  /**
   * Takes one step as {@link #run(int[], long, double, double)} does, slower, and returns a trace:
   * every operation with its times and memory, and the graph after TensorFlow's own optimisation.
   */
  public RunMetadata trace(int[] batch, long step, double learningRate, double momentum) {
    RunOptions options =
        RunOptions.newBuilder()
            .setTraceLevel(RunOptions.TraceLevel.FULL_TRACE)
            .setOutputPartitionGraphs(true)
            .build();
    Function<Session.Runner, Result> traced =
        runner -> runner.setOptions(options).runAndFetchMetadata();
    try (Result result = run(traced, batch, step, learningRate, momentum)) {
      return result.getMetadata().orElseThrow();
    }
  }

  /**
   * Runs the forward pass of a step, and returns the running statistics that the step would leave;
   * of several workers, those of this one's share, empty if it has no image of the batch. If batch
   * norms are synchronised, all workers have to call it. Nothing is changed.
   */
  public Map<Variable, float[]> statistics(int[] batch, long step) {
    return fetch(contribution.statistics(), batch, step);
  }

  /**
   * Runs the forward and the backward pass of a step, and returns the gradients of its loss; of
   * several workers, those of this one's share, empty if it has no image of the batch. If batch
   * norms are synchronised, all workers have to call it. Nothing is changed.
   */
  public Map<Variable, float[]> gradients(int[] batch, long step) {
    return fetch(contribution.gradients(), batch, step);
  }

  /** Returns the means over the micro-batches by the weights of this worker's images in each. */
  @SuppressWarnings("try") // What is fed is held, not used.
  private Map<Variable, float[]> fetch(
      Map<Variable, Operand<TFloat32>> operands, int[] batch, long step) {
    checkNotClosed();
    List<int[]> divided = Accumulation.divide(batch, parts, images);
    Map<Variable, float[]> means = new LinkedHashMap<>();
    if (operands.isEmpty()) {
      return means;
    }
    double before = 0;
    for (int part = 0; part < divided.size(); part++) {
      Session.Runner runner = session.runner().fetch(contribution.sums());
      operands.values().forEach(runner::fetch);
      // Also without images of its own: the others may wait for its statistics.
      try (BatchPipeline.Fed fed = feed(runner, divided.get(part), step, part);
          Result result = runner.run()) {
        double weight = ((TFloat64) result.get(0)).getDouble(0);
        if (weight > 0) {
          before += weight;
          move(means, operands.keySet(), result, (float) (weight / before));
        }
      }
    }
    return means;
  }

  /** Moves running means by a share of the way to the values of a result, after its first. */
  private static void move(
      Map<Variable, float[]> means, Set<Variable> variables, Result result, float share) {
    int fetched = 1;
    for (Variable variable : variables) {
      float[] values = GraphSession.floats(result.get(fetched++));
      float[] mean = means.computeIfAbsent(variable, key -> new float[values.length]);
      for (int i = 0; i < mean.length; i++) {
        mean[i] += share * (values[i] - mean[i]);
      }
    }
  }

  /** Announces a batch, so that it can be read from disk while the step before it runs. */
  public void prepare(int[] batch) {
    for (int[] part : Accumulation.divide(batch, parts, images)) {
      pipelines.forEach(pipeline -> pipeline.prepare(part));
    }
  }

  /** Feeds every device its part of a micro-batch. */
  private BatchPipeline.Fed feed(Session.Runner runner, int[] batch, long step, int part) {
    List<BatchPipeline.Fed> fed = new ArrayList<>();
    try {
      pipelines.forEach(pipeline -> fed.add(pipeline.feed(runner, batch, step, part)));
    } catch (RuntimeException e) {
      fed.forEach(BatchPipeline.Fed::close);
      throw e;
    }
    return () -> fed.forEach(BatchPipeline.Fed::close);
  }

  private Result run(
      Function<Session.Runner, Result> how,
      int[] batch,
      long step,
      double learningRate,
      double momentum) {
    check(
        learningRate >= 0 && Double.isFinite(learningRate),
        "learningRate",
        "finite and not negative",
        learningRate,
        step);
    check(momentum >= 0 && momentum < 1, "momentum", "in [0, 1)", momentum, step);
    checkNotClosed();
    List<int[]> divided = Accumulation.divide(batch, parts, images);
    GraphCopy form = forms.of(batch);
    try {
      return attempt(() -> runParts(how, form, divided, step, learningRate, momentum));
    } catch (FiniteCheck.NotFinite e) {
      throw new DivergenceException(step, learningRate, "The weights are those before the step");
    }
  }

  private void checkNotClosed() {
    session.checkOpen();
    checkState(!closed, "the step was closed: build another with Trainer.step");
  }

  private static void check(boolean kept, String name, String rule, double value, long step) {
    checkArgument(
        kept, "%s must be %s, got %s at step %s; correct the schedule", name, rule, value, step);
  }

  /** Runs the micro-batches one after another; the last one takes the step. */
  @SuppressWarnings("try") // What is fed is held, not used.
  private Result runParts(
      Function<Session.Runner, Result> how,
      GraphCopy form,
      List<int[]> divided,
      long step,
      double learningRate,
      double momentum)
      throws FiniteCheck.NotFinite {
    agreement.start();
    double[] sums = accumulation == null ? new double[0] : accumulation.start();
    int last = divided.size() - 1;
    for (int part = 0; part <= last; part++) {
      Session.Runner runner = session.runner();
      try (BatchPipeline.Fed fed = feed(runner, divided.get(part), step, part);
          TFloat64 before = accumulation == null ? null : accumulation.feed(runner, sums)) {
        if (accumulation != null && part < last) {
          sums = accumulation.add(runner, form);
          continue;
        }
        try (Update.Scalars scalars = update.feed(runner, form, learningRate, momentum);
            Update.Scalars stop = agreement.feed(runner)) {
          Result result = session.change(() -> how.apply(runner));
          update.finite().check(result);
          agreement.read(result);
          return result;
        }
      }
    }
    throw new AssertionError("a batch has at least one part");
  }

  /** A run that may find that the step is not finite. */
  @FunctionalInterface
  private interface Attempt {
    Result run() throws FiniteCheck.NotFinite;
  }

  /** Runs until nothing overflows, in float16. */
  private Result attempt(Attempt attempt) throws FiniteCheck.NotFinite {
    while (true) {
      try {
        return explained(attempt);
      } catch (FiniteCheck.NotFinite e) {
        if (!e.overflow() || lossScale == null || !lossScale.halve()) {
          throw e;
        }
      }
    }
  }

  private Result explained(Attempt attempt) throws FiniteCheck.NotFinite {
    try {
      return attempt.run();
    } catch (IllegalStateException e) {
      // If another thread closed the model meanwhile, replace TensorFlow's message by ours.
      session.graph();
      throw e;
    } catch (TFInvalidArgumentException e) {
      update.finite().check(e);
      throw e;
    } catch (TensorFlowException e) {
      throw agreement.explain(e);
    }
  }

  /**
   * Asks to stop. Of several workers, all stop after the same step or evaluation. May be called
   * from any thread.
   */
  public void requestStop() {
    agreement.requestStop();
  }

  /** Returns whether this worker was asked to stop. */
  public boolean stopRequested() {
    return agreement.stopRequested();
  }

  /** Returns whether all workers stop now, since one of them was asked to. */
  public boolean stopAgreed() {
    return agreement.stopAgreed();
  }

  /**
   * Lets several workers agree between two steps, on a stop and on the metrics of worker 0: those
   * of an evaluation may differ in the last bits between machines. All have to call it. Alone it
   * returns what it is given.
   *
   * @param own what this worker has found; empty if it has not evaluated
   * @return what all go on with; empty if they stop, or have not evaluated
   */
  public Optional<Metrics> agree(Optional<Metrics> own) {
    return agreement.agree(own);
  }

  /** Returns loss and metrics of the steps since the last {@link #resetMetrics}. */
  public Metrics metrics() {
    return sums().means();
  }

  /** Lets the metrics start again with the next step. */
  public void resetMetrics() {
    sums(EpochSums.ZERO);
  }

  /** Returns what {@link #metrics} is computed from. */
  public EpochSums sums() {
    checkNotClosed();
    return update.sums().read();
  }

  /** Sets what {@link #metrics} is computed from. */
  public void sums(EpochSums sums) {
    checkNotClosed();
    update.sums().set(sums);
  }

  /** Returns the learning rate that the last step was taken with; 0 before the first. */
  public double learningRate() {
    checkNotClosed();
    return Objects.requireNonNull(
        session.read(List.of(update.learningRate())).get(update.learningRate()))[0];
  }

  /** Returns everything that steps change, which is what checkpoints hold. */
  public State state() {
    return state;
  }

  /**
   * Frees the images and the state of the optimizer; those of a closed model are free already. The
   * graph's nodes stay until the model is closed. Closing twice does nothing.
   */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      if (!session.isClosed()) {
        update.sums().close();
        if (accumulation != null) {
          accumulation.close();
        }
        state.close();
      }
      pipelines.forEach(BatchPipeline::close);
    }
  }
}
