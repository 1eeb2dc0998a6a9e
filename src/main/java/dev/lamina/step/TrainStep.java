package dev.lamina.step;

import dev.lamina.data.ImageSet;
import dev.lamina.graph.Context;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Precision;
import dev.lamina.graph.State;
import dev.lamina.model.Model;
import dev.lamina.pipeline.BatchPipeline;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.RunMetadata;
import org.tensorflow.proto.RunOptions;
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
  private final BatchPipeline pipeline;
  private final State state;
  private final Update update;
  private final @Nullable LossScale lossScale;
  private final int parts;
  private final @Nullable Accumulation accumulation;
  private boolean closed;

  /**
   * Builds the step and loads the images. The state of the optimizer is reset.
   *
   * @throws IllegalArgumentException if an option does not fit the model
   */
  public TrainStep(Model model, ImageSet images, StepOptions options) {
    session = model.session();
    state = new State(session, model.variables());
    pipeline =
        new BatchPipeline(
            session,
            images,
            options.augmentations(),
            options.seed(),
            options.stepsPerEpoch(),
            options.shard());
    lossScale = options.precision() == Precision.FLOAT16 ? new LossScale(session, state) : null;
    Context context =
        Context.training(session, pipeline.key(), options.precision(), options.frozen()::contains);
    Gradients gradients =
        Gradients.build(
            context, model.network(), pipeline.batch(), options, session.ops(), lossScale);
    Contribution local = gradients.contribution();
    parts = options.accumulate();
    accumulation = parts == 1 ? null : new Accumulation(session, options.metrics().size(), local);
    Ops tf = session.ops().withSubScope("exchange");
    Contribution exchanged =
        options.exchange().apply(tf, accumulation == null ? local : accumulation.whole());
    update =
        new Update(
            session, state, options, gradients.values(), exchanged, model.variables(), lossScale);
    state.clear();
    if (lossScale != null) {
      lossScale.reset();
    }
    resetMetrics();
    // Last, so that no images remain loaded if building fails.
    pipeline.load();
  }

  /**
   * Takes one step.
   *
   * @param batch the indices of the batch's images in the set
   * @param step the number of the step, from 0; with the seed it determines all random draws
   * @param learningRate the learning rate
   * @param momentum the momentum
   * @throws DivergenceException if the loss or a gradient is not finite; the weights are then as
   *     before
   * @throws IllegalArgumentException if the batch is empty, or an index is not one of the set's
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

  /** Announces a batch, so that it can be read from disk while the step before it runs. */
  public void prepare(int[] batch) {
    Accumulation.divide(batch, parts).forEach(pipeline::prepare);
  }

  private Result run(
      Function<Session.Runner, Result> how,
      int[] batch,
      long step,
      double learningRate,
      double momentum) {
    List<int[]> divided = Accumulation.divide(batch, parts);
    try {
      return attempt(() -> runParts(how, divided, step, learningRate, momentum));
    } catch (TFInvalidArgumentException e) {
      if (failed(e, Update.LOSS_NOT_FINITE) || failed(e, Update.GRADIENT_NOT_FINITE)) {
        throw new DivergenceException(step, learningRate, "The weights are those before the step");
      }
      throw e;
    }
  }

  /** Runs the micro-batches one after another; the last one takes the step. */
  @SuppressWarnings("try") // What is fed is held, not used.
  private Result runParts(
      Function<Session.Runner, Result> how,
      List<int[]> divided,
      long step,
      double learningRate,
      double momentum) {
    double[] sums = accumulation == null ? new double[0] : accumulation.start();
    int last = divided.size() - 1;
    for (int part = 0; part <= last; part++) {
      Session.Runner runner = session.runner();
      try (BatchPipeline.Fed fed = pipeline.feed(runner, divided.get(part), step, part);
          TFloat64 before = accumulation == null ? null : accumulation.feed(runner, sums)) {
        if (accumulation != null && part < last) {
          sums = accumulation.add(runner);
          continue;
        }
        try (Update.Scalars scalars = update.feed(runner, step, learningRate, momentum)) {
          return session.change(() -> how.apply(runner));
        }
      }
    }
    throw new AssertionError("a batch has at least one part");
  }

  /** Runs until nothing overflows, in float16. */
  private Result attempt(Supplier<Result> run) {
    while (true) {
      try {
        return run.get();
      } catch (IllegalStateException e) {
        // If another thread closed the model meanwhile, replace TensorFlow's message by ours.
        session.graph();
        throw e;
      } catch (TFInvalidArgumentException e) {
        boolean overflow = failed(e, Update.GRADIENT_NOT_FINITE);
        if (!overflow || lossScale == null || !lossScale.halve()) {
          throw e;
        }
      }
    }
  }

  private static boolean failed(TFInvalidArgumentException e, String message) {
    return String.valueOf(e.getMessage()).contains(message);
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
    return update.sums().read();
  }

  /** Sets what {@link #metrics} is computed from. */
  public void sums(EpochSums sums) {
    update.sums().set(sums);
  }

  /** Returns the learning rate that the last step was taken with; 0 before the first. */
  public double learningRate() {
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
      pipeline.close();
    }
  }
}
