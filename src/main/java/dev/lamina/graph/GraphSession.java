package dev.lamina.graph;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TFloat32;

/**
 * A graph, the session that runs it, and the variables that live in it. It may be extended at any
 * time, by one thread: operations that are added later see the same variables. Running is safe from
 * many threads, also while one of them extends the graph or closes the session.
 *
 * <p>Close it. One that is forgotten is freed when the garbage collector finds it, which may be
 * never; then a warning is logged.
 */
public final class GraphSession implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(GraphSession.class);
  private static final Cleaner CLEANER = Cleaner.create();

  /** What is to be freed. It does not know its owner, which could not be collected otherwise. */
  private static final class Natives implements Runnable {
    final Graph graph = new Graph();
    final Session session = new Session(graph);
    volatile boolean closed;

    @Override
    public void run() {
      if (!closed) {
        LOG.warn(
            "native memory of a model was freed by the garbage collector, which comes late or never;"
                + " close every Model, FrozenNetwork and GraphSession, best by try-with-resources");
      }
      // TensorFlow for Java counts what runs, and waits for it.
      uninterrupted(session::close);
      uninterrupted(graph::close);
    }

    /** TensorFlow for Java gives up closing where the thread is interrupted, and leaks. */
    private static void uninterrupted(Runnable close) {
      boolean interrupted = Thread.interrupted();
      close.run();
      while (Thread.interrupted()) {
        interrupted = true;
        close.run();
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private final Natives natives = new Natives();
  private final Cleaner.Cleanable cleanable = CLEANER.register(this, natives);
  private final Ops ops = Ops.create(natives.graph);
  // Made once: a sub-scope looks at every operation of the graph.
  private final Ops creating = ops.withSubScope("variables");
  private final Map<String, Variable> variables =
      Collections.synchronizedMap(new LinkedHashMap<>());
  private final AtomicLong version = new AtomicLong();
  private final AtomicInteger updaters = new AtomicInteger();

  /** The graph. */
  public Graph graph() {
    checkOpen();
    return natives.graph;
  }

  /** The operations of the graph, at its root scope. */
  public Ops ops() {
    checkOpen();
    return ops;
  }

  /**
   * A run to be filled with feeds and fetches. Close what it returns, and keep this session until
   * then.
   */
  public Session.Runner runner() {
    checkOpen();
    return natives.session.runner();
  }

  /**
   * Runs once. Safe from many threads; {@link #close} waits until it has ended.
   *
   * @param fill what is fed, fetched and run
   * @return what was fetched, in that order; close it
   * @throws IllegalStateException where this session is closed before the run begins
   */
  public Result run(Consumer<Session.Runner> fill) {
    try {
      Session.Runner runner = runner();
      fill.accept(runner);
      return runner.run();
    } catch (IllegalStateException e) {
      // Closed by another thread meanwhile, TensorFlow says it in its words.
      checkOpen();
      throw e;
    } finally {
      // Else this could be taken for forgotten, and be freed, before the run has begun.
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Adds a variable. It has no value until one is assigned.
   *
   * @throws IllegalArgumentException where a variable of that name exists already
   */
  public Variable create(String name, Parameter parameter) {
    checkOpen();
    checkArgument(!variables.containsKey(name), "names must differ, got %s twice", name);
    VarHandleOp handle =
        creating
            .withName(name)
            .varHandleOp(TFloat32.class, parameter.shape(), VarHandleOp.sharedName(name));
    Placeholder<TFloat32> value =
        creating.placeholder(TFloat32.class, Placeholder.shape(parameter.shape()));
    Variable variable =
        new Variable(
            name,
            parameter,
            handle,
            creating.readVariableOp(handle, TFloat32.class),
            value,
            creating.assignVariableOp(handle, value));
    variables.put(name, variable);
    return variable;
  }

  /** The variable of that name and shape; it is added where there is none yet. */
  public Variable createOrGet(String name, Parameter parameter) {
    Variable existing = variables.get(name);
    return existing == null ? create(name, parameter) : existing;
  }

  /** The variable of that name, of one number; created where there is none, without a value. */
  public Variable scalar(String name) {
    return createOrGet(
        name, Parameter.of(name, Shape.scalar(), Role.STATISTIC, Initializer.zeros()));
  }

  /** The variable of that name. */
  public Variable variable(String name) {
    Variable variable = variables.get(name);
    checkArgument(variable != null, "variable must exist, got %s", name);
    return variable;
  }

  /** Every variable, in the order of creation. */
  public List<Variable> variables() {
    return List.copyOf(variables.values());
  }

  /** A number that changes whenever variables may have changed. */
  public long version() {
    checkOpen();
    return version.get();
  }

  /** Whether something is built that may change the variables at any moment. */
  public boolean updating() {
    checkOpen();
    return updaters.get() > 0;
  }

  /** Says that variables may change at any moment, until {@link #stopUpdating}. */
  public void startUpdating() {
    updaters.incrementAndGet();
  }

  /** Says that what {@link #startUpdating} announced is over. */
  public void stopUpdating() {
    version.incrementAndGet();
    updaters.decrementAndGet();
  }

  /** Assigns values in row-major order to several variables in one run. */
  public void assign(Map<Variable, float[]> values) {
    if (values.isEmpty()) {
      return;
    }
    List<TFloat32> tensors = new ArrayList<>();
    try {
      run(runner ->
              values.forEach(
                  (variable, array) -> {
                    checkArgument(
                        array.length == variable.parameter().size(),
                        "%s must have %s values, got %s",
                        variable.name(),
                        variable.parameter().size(),
                        array.length);
                    TFloat32 tensor =
                        TFloat32.tensorOf(
                            variable.parameter().shape(), DataBuffers.of(array, true, false));
                    tensors.add(tensor);
                    runner.feed(variable.value(), tensor).addTarget(variable.assign());
                  }))
          .close();
    } finally {
      version.incrementAndGet();
      tensors.forEach(TFloat32::close);
    }
  }

  /** The values of the variables, in row-major order, all read in one run. */
  public Map<Variable, float[]> read(List<Variable> which) {
    Map<Variable, float[]> values = new LinkedHashMap<>();
    if (which.isEmpty()) {
      return values;
    }
    try (var result = run(runner -> which.forEach(variable -> runner.fetch(variable.read())))) {
      for (int i = 0; i < which.size(); i++) {
        values.put(which.get(i), floats(result.get(i)));
      }
    }
    return values;
  }

  /** The values of a float tensor in row-major order. */
  public static float[] floats(org.tensorflow.Tensor tensor) {
    float[] values = new float[Math.toIntExact(tensor.size())];
    ((TFloat32) tensor).copyTo(DataBuffers.of(values, false, false));
    return values;
  }

  /** Whether no value is infinite or NaN. */
  public static boolean allFinite(Map<Variable, float[]> values) {
    for (float[] array : values.values()) {
      for (float value : array) {
        if (!Float.isFinite(value)) {
          return false;
        }
      }
    }
    return true;
  }

  /** Fetches one float operand. */
  public float[] fetch(Operand<TFloat32> operand) {
    try (var result = run(runner -> runner.fetch(operand))) {
      return floats(result.get(0));
    }
  }

  /** Whether {@link #close} was called. */
  public boolean isClosed() {
    return natives.closed;
  }

  private void checkOpen() {
    checkState(!natives.closed, "the model was closed: build or load it again");
  }

  /**
   * Waits for what runs at this moment, then frees the session and the graph. Closing twice does
   * nothing. Any later use throws {@link IllegalStateException}.
   */
  @Override
  public void close() {
    natives.closed = true;
    cleanable.clean();
  }
}
