package dev.lamina.train;

import dev.lamina.augment.Augmentation;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Precision;
import dev.lamina.graph.Seeds;
import dev.lamina.graph.Variable;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.model.Model;
import dev.lamina.optimizer.Optimizer;
import dev.lamina.optimizer.Updates;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.RunMetadata;
import org.tensorflow.proto.RunOptions;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/**
 * One step of training, built into a model's graph and run by hand: the batch is gathered from the
 * resident images, or read from disk, augmented, passed through the network, and the weights are
 * updated. Made by {@link Trainer#step}; {@link Trainer#fit} is a loop around it.
 *
 * <p>Where the loss or a gradient is not finite, nothing is updated and {@link DivergenceException}
 * is thrown; in {@link Precision#FLOAT16} a step whose gradients overflow is taken again first,
 * with a smaller scale of the loss.
 */
public final class TrainStep implements AutoCloseable {
  private static final String LOSS_NOT_FINITE = "lamina: the loss is not finite";
  private static final String GRADIENT_NOT_FINITE = "lamina: a gradient is not finite";

  private final Model model;
  private final GraphSession session;
  private final ImageSource source;
  private final Placeholder<TInt32> indices;
  private final Placeholder<TInt64> key;
  private final Operand<TFloat32> loss;
  private final MetricSums sums;
  private final Op everything;
  private final Updates updates;
  private final @Nullable LossScale lossScale;
  private final long seed;
  private boolean closed;

  /**
   * Builds the step and moves the images to where the graph can gather them. The optimizer starts
   * anew.
   */
  TrainStep(
      Model model,
      ImageSet images,
      Optimizer optimizer,
      CrossEntropy crossEntropy,
      List<Augmentation> augmentations,
      Precision precision,
      Freezing freezing,
      long seed) {
    this.model = model;
    this.seed = seed;
    session = model.session();
    Ops tf = session.ops().withSubScope("step");
    source = ImageSource.of(session, images);
    indices = tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(-1)));
    key = tf.placeholder(TInt64.class, Placeholder.shape(Shape.of(2)));
    Operand<TInt64> augmentKey =
        tf.math.add(key, tf.constant(new long[] {0, Seeds.of(0, "augment")}));
    Operand<TUint8> batch =
        Augmentation.chain(augmentations)
            .apply(tf.withSubScope("augment"), source.images(tf, indices), augmentKey);
    Operand<TInt32> labels = source.labels(tf, indices);
    Context context = Context.training(session, key, precision, freezing::covers);
    Operand<TFloat32> logits = model.network().apply(context, batch);
    loss = crossEntropy.apply(tf.withSubScope("loss"), logits, labels);

    Map<Variable, Operand<TFloat32>> trained = new LinkedHashMap<>(context.reads());
    trained
        .keySet()
        .removeIf(
            variable ->
                !variable.parameter().role().trainable() || freezing.covers(variable.name()));
    lossScale = precision == Precision.FLOAT16 ? new LossScale(session) : null;
    List<Operand<TFloat32>> gradients =
        lossScale == null
            ? gradients(context, loss, trained)
            : lossScale.unscaled(gradients(context, lossScale.scaled(loss), trained));
    Op finite = checkFinite(tf.withSubScope("finite"), gradients);
    updates = Updates.build(optimizer, session, session.ops(), List.of(finite), trained, gradients);
    Ops gated = tf.withControlDependencies(finite);
    sums = new MetricSums(session, gated, loss, logits, labels);
    List<Op> targets = new ArrayList<>(updates.operations());
    targets.addAll(context.assignUpdates(gated));
    targets.add(sums.update());
    if (lossScale != null) {
      targets.addAll(lossScale.count(gated));
    }
    everything = tf.withControlDependencies(targets).noOp();
    clear(updates.slots());
    if (lossScale != null) {
      lossScale.reset();
    }
    sums.set(MetricSums.Sums.ZERO);
    // Last, so that nothing stays behind where building fails.
    source.load();
    session.startUpdating();
  }

  private static List<Operand<TFloat32>> gradients(
      Context context, Operand<TFloat32> loss, Map<Variable, Operand<TFloat32>> trained) {
    var gradients =
        context.gradients(loss, trained.values().stream().map(Operand::asOutput).toList());
    List<Operand<TFloat32>> inOrder = new ArrayList<>();
    trained.forEach(
        (variable, read) ->
            inOrder.add(
                Floats.float32(
                    Objects.requireNonNull(gradients.get(read.asOutput()), variable.name()))));
    return inOrder;
  }

  /** Sets variables to zero, without arrays of their size in Java. */
  private void clear(List<Variable> variables) {
    Ops tf = session.ops().withSubScope("clear");
    // Fed: of a constant, TensorFlow would compute and store all the zeros beforehand.
    Placeholder<TFloat32> zero = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
    List<Op> assigns = new ArrayList<>();
    for (Variable variable : variables) {
      assigns.add(
          tf.assignVariableOp(
              variable.handle(), tf.fill(tf.constant(variable.parameter().shape()), zero)));
    }
    Op all = tf.withControlDependencies(assigns).noOp();
    try (TFloat32 value = TFloat32.scalarOf(0)) {
      session.run(runner -> runner.feed(zero, value).addTarget(all)).close();
    }
  }

  /**
   * Fails the run before anything is updated, by the loss first. Half the sum of squares is finite
   * only where every gradient is.
   */
  private Op checkFinite(Ops tf, List<Operand<TFloat32>> gradients) {
    List<Operand<TFloat32>> norms = new ArrayList<>();
    norms.add(tf.debugging.checkNumerics(loss, LOSS_NOT_FINITE));
    gradients.forEach(gradient -> norms.add(tf.nn.l2Loss(gradient)));
    return tf.debugging.checkNumerics(tf.math.addN(norms), GRADIENT_NOT_FINITE);
  }

  /**
   * Takes one step.
   *
   * @param batch the places of the batch's images in the set
   * @param step the number of the step, from 0; with the seed it decides all random draws
   * @param learningRate the learning rate
   * @param momentum the momentum
   * @throws DivergenceException where the loss or a gradient is not finite; the weights are then as
   *     before
   */
  public void run(int[] batch, long step, double learningRate, double momentum) {
    run(Session.Runner::run, batch, step, learningRate, momentum);
  }

  /**
   * Takes one step as {@link #run(int[], long, double, double)} does, slower, and tells what ran:
   * every operation with its times and memory, and the graph after TensorFlow's own optimisation.
   */
  public RunMetadata trace(int[] batch, long step, double learningRate, double momentum) {
    RunOptions options =
        RunOptions.newBuilder()
            .setTraceLevel(RunOptions.TraceLevel.FULL_TRACE)
            .setOutputPartitionGraphs(true)
            .build();
    return run(
            runner -> runner.setOptions(options).runAndFetchMetadata(),
            batch,
            step,
            learningRate,
            momentum)
        .orElseThrow();
  }

  /** Says which batch comes soon, so that it can be read from disk meanwhile. */
  void prepare(int[] batch) {
    source.prepare(batch);
  }

  @SuppressWarnings("try") // What is fed is held, not used.
  private Optional<RunMetadata> run(
      Function<Session.Runner, Result> how,
      int[] batch,
      long step,
      double learningRate,
      double momentum) {
    Session.Runner runner = session.runner();
    try (ImageSource.Fed fed = source.feed(runner, batch);
        TInt32 batchIndices = TInt32.vectorOf(batch);
        TInt64 stepKey = TInt64.vectorOf(seed, step);
        TFloat32 rate = TFloat32.scalarOf((float) learningRate);
        TFloat32 mass = TFloat32.scalarOf((float) momentum);
        TFloat32 count = TFloat32.scalarOf(step + 1f)) {
      runner
          .feed(indices, batchIndices)
          .feed(key, stepKey)
          .feed(updates.learningRate().value(), rate)
          .feed(updates.momentum().value(), mass)
          .feed(updates.step().value(), count)
          .addTarget(everything);
      try (Result result = attempt(how, runner)) {
        return result.getMetadata();
      }
    } catch (TFInvalidArgumentException e) {
      if (says(e, LOSS_NOT_FINITE) || says(e, GRADIENT_NOT_FINITE)) {
        throw new DivergenceException(step, learningRate, "before the step");
      }
      throw e;
    }
  }

  /** Runs until nothing overflows, in float16. */
  private Result attempt(Function<Session.Runner, Result> how, Session.Runner runner) {
    while (true) {
      try {
        return how.apply(runner);
      } catch (TFInvalidArgumentException e) {
        if (!says(e, GRADIENT_NOT_FINITE) || lossScale == null || !lossScale.halve()) {
          throw e;
        }
      }
    }
  }

  private static boolean says(TFInvalidArgumentException e, String message) {
    return String.valueOf(e.getMessage()).contains(message);
  }

  /** What the steps since the last {@link #resetMetrics} did, or since the first. */
  public Metrics metrics() {
    MetricSums.Sums all = sums.read();
    return new Metrics(
        (long) all.images(), all.loss() / all.images(), all.correct() / all.images());
  }

  /** Lets the metrics start again with the next step. */
  public void resetMetrics() {
    sums.set(MetricSums.Sums.ZERO);
  }

  /** What {@link #metrics} is computed from. */
  MetricSums sums() {
    return sums;
  }

  /**
   * Every variable that steps change: weights, running statistics, the optimizer's slots, the scale
   * of the loss.
   */
  List<Variable> state() {
    List<Variable> all = new ArrayList<>(model.variables());
    all.addAll(updates.slots());
    all.addAll(lossScale());
    return all;
  }

  /** The scale of the loss, where the precision has one. */
  List<Variable> lossScale() {
    return lossScale == null ? List.of() : lossScale.variables();
  }

  /**
   * Frees the images. The graph's nodes stay until the model is closed; then nothing is left to do
   * here. Closing twice does nothing.
   */
  @Override
  public void close() {
    if (!closed && !session.isClosed()) {
      closed = true;
      session.stopUpdating();
      source.close();
    }
  }
}
