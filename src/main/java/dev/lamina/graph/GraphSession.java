package dev.lamina.graph;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import dev.lamina.distributed.Cluster;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
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
 * <p>Close it. A session that was not closed is freed by the garbage collector, late or never, with
 * a warning.
 */
public final class GraphSession implements AutoCloseable {
  private static final Cleaner CLEANER = Cleaner.create();

  private final Device device;
  private final Optional<Cluster> cluster;
  private final Natives natives;
  private final Cleaner.Cleanable cleanable;
  private volatile boolean compiles;
  private final Ops ops;

  /** The operations of variables. */
  private final Ops creating;

  private final Map<String, Variable> variables =
      Collections.synchronizedMap(new LinkedHashMap<>());

  /** Includes the names of destroyed variables: their operations stay in the graph. */
  private final Set<String> used = ConcurrentHashMap.newKeySet();

  private final AtomicLong version = new AtomicLong();

  /** Held for writing while variables change, for reading while several are read. */
  private final ReadWriteLock changes = new ReentrantReadWriteLock(true);

  /**
   * Creates an empty graph and its session.
   *
   * @param device where everything is placed
   * @throws IllegalArgumentException if TensorFlow cannot use the device
   */
  public GraphSession(Device device) {
    this(device, Optional.empty());
  }

  /**
   * Creates an empty graph and its session, whose runs may wait for those of other workers.
   *
   * @param device where everything is placed
   * @param cluster the workers; empty if this process works alone
   * @throws IllegalArgumentException if TensorFlow cannot use the device
   */
  public GraphSession(Device device, Optional<Cluster> cluster) {
    checkArgument(
        cluster.isEmpty() || device.count() == 1,
        "device must be a single one for each of several workers, got %s; one process without workers can use several",
        device);
    device.checkExists();
    this.device = device;
    NativeLog.silence(device);
    this.cluster = cluster;
    natives = Natives.of(device, cluster);
    cleanable = CLEANER.register(this, natives);
    ops = GraphOps.of(natives.graph());
    creating = ops.withSubScope("variables");
  }

  /** Returns where everything is placed. */
  public Device device() {
    return device;
  }

  /** Returns the workers that its runs may wait for; empty if this process works alone. */
  public Optional<Cluster> cluster() {
    return cluster;
  }

  /**
   * Returns the graph. Add to it by {@link #ops()}: {@code Ops.create(graph)} does not know the
   * names that were given there.
   */
  public Graph graph() {
    checkOpen();
    return natives.graph();
  }

  /** Returns the operations of the graph, at its root scope. */
  public Ops ops() {
    checkOpen();
    return ops;
  }

  /** Notes that the graph has operations of {@link Fused}. */
  void compiles() {
    compiles = true;
  }

  /**
   * Returns a runner to add feeds and fetches to. Close its result, and keep this session reachable
   * until then.
   */
  public Session.Runner runner() {
    checkOpen();
    if (compiles) {
      Compiler.prepare(device);
    }
    return natives.session().runner();
  }

  /**
   * Runs once. Safe from many threads; {@link #close} waits until it has ended.
   *
   * @param fill adds feeds, fetches and targets
   * @return the fetched tensors, in order; close it
   * @throws IllegalStateException if this session is closed before the run starts
   */
  public Result run(Consumer<Session.Runner> fill) {
    try {
      Session.Runner runner = runner();
      fill.accept(runner);
      return runner.run();
    } catch (IllegalStateException e) {
      // If another thread closed the session meanwhile, replace TensorFlow's message by ours.
      checkOpen();
      throw e;
    } finally {
      // Keeps this object reachable, so that the Cleaner cannot free it before the run starts.
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Creates a variable for a parameter of a network. It has no value until one is assigned.
   *
   * @throws IllegalArgumentException if a variable of that name exists already
   */
  public Variable create(String name, Parameter parameter) {
    return create(
        name, parameter.role().trainable() ? StateKind.PARAMETER : StateKind.STATISTIC, parameter);
  }

  /** Creates a variable of a kind; see {@link #create(String, Parameter)}. */
  Variable create(String name, StateKind kind, Parameter parameter) {
    checkOpen();
    checkArgument(!variables.containsKey(name), "names must be unique, got %s twice", name);
    VarHandleOp handle =
        creating
            .withName(name)
            .varHandleOp(TFloat32.class, parameter.shape(), VarHandleOp.sharedName(name));
    Placeholder<TFloat32> value =
        creating.placeholder(TFloat32.class, Placeholder.shape(parameter.shape()));
    Variable variable =
        new Variable(
            name,
            kind,
            parameter,
            handle,
            creating.readVariableOp(handle, TFloat32.class),
            value,
            creating.assignVariableOp(handle, value),
            creating.destroyResourceOp(handle));
    variables.put(name, variable);
    used.add(name);
    return variable;
  }

  /** Returns the name, with a number after it if there was a variable of that name. */
  String freeName(String name) {
    String free = name;
    for (int i = 1; used.contains(free); i++) {
      free = name + "_" + i;
    }
    return free;
  }

  /** Frees the memory of variables. */
  void destroy(List<Variable> unused) {
    if (unused.isEmpty()) {
      return;
    }
    unused.forEach(variable -> variables.remove(variable.name()));
    run(runner -> unused.forEach(variable -> runner.addTarget(variable.destroy()))).close();
  }

  /** Returns the variable of that name; creates it if it does not exist. */
  public Variable createOrGet(String name, Parameter parameter) {
    Variable existing = variables.get(name);
    return existing == null ? create(name, parameter) : existing;
  }

  /**
   * Returns the variable of that name.
   *
   * @throws IllegalArgumentException if it does not exist
   */
  public Variable variable(String name) {
    Variable variable = variables.get(name);
    checkArgument(variable != null, "variable must exist, got %s", name);
    return variable;
  }

  /** Returns every variable, in the order of creation. */
  public List<Variable> variables() {
    return List.copyOf(variables.values());
  }

  /** Returns a number that changes whenever variables may have changed. */
  public long version() {
    checkOpen();
    return version.get();
  }

  /**
   * Runs a function that changes variables, while {@link #read} waits, and then changes {@link
   * #version()}.
   */
  public <T> T change(Supplier<T> change) {
    changes.writeLock().lock();
    try {
      return change.get();
    } finally {
      version.incrementAndGet();
      changes.writeLock().unlock();
    }
  }

  /** Assigns values in row-major order to several variables in one run. */
  public void assign(Map<Variable, float[]> values) {
    if (values.isEmpty()) {
      return;
    }
    List<TFloat32> tensors = new ArrayList<>();
    try {
      change(
              () ->
                  run(
                      runner ->
                          values.forEach(
                              (variable, array) -> feed(runner, variable, array, tensors))))
          .close();
    } finally {
      tensors.forEach(TFloat32::close);
    }
  }

  private static void feed(
      Session.Runner runner, Variable variable, float[] array, List<TFloat32> tensors) {
    checkArgument(
        array.length == variable.parameter().size(),
        "%s must have %s values, got %s",
        variable.name(),
        variable.parameter().size(),
        array.length);
    TFloat32 tensor =
        TFloat32.tensorOf(variable.parameter().shape(), DataBuffers.of(array, true, false));
    tensors.add(tensor);
    runner.feed(variable.value(), tensor).addTarget(variable.assign());
  }

  /**
   * Returns the values of variables, in row-major order, all of one moment.
   *
   * @throws org.tensorflow.exceptions.TensorFlowException if a variable has no value yet
   */
  public Map<Variable, float[]> read(Collection<Variable> which) {
    Map<Variable, float[]> values = new LinkedHashMap<>();
    read(
        which,
        tensors -> tensors.forEach((variable, tensor) -> values.put(variable, floats(tensor))));
    return values;
  }

  /** Gives a function the values as {@link #read(Collection)} does, as tensors for its duration. */
  public void read(Collection<Variable> which, Consumer<Map<Variable, TFloat32>> use) {
    Map<Variable, TFloat32> values = new LinkedHashMap<>();
    if (which.isEmpty()) {
      use.accept(values);
      return;
    }
    changes.readLock().lock();
    try (var result = run(runner -> which.forEach(variable -> runner.fetch(variable.read())))) {
      int i = 0;
      for (Variable variable : which) {
        values.put(variable, (TFloat32) result.get(i++));
      }
      use.accept(values);
    } finally {
      changes.readLock().unlock();
    }
  }

  /** Returns the values of a float tensor, in row-major order. */
  public static float[] floats(org.tensorflow.Tensor tensor) {
    float[] values = new float[Math.toIntExact(tensor.size())];
    ((TFloat32) tensor).copyTo(DataBuffers.of(values, false, false));
    return values;
  }

  /** Returns whether no value is infinite or NaN. */
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

  /** Runs one float operand and returns its values. */
  public float[] fetch(Operand<TFloat32> operand) {
    try (var result = run(runner -> runner.fetch(operand))) {
      return floats(result.get(0));
    }
  }

  /** Returns whether {@link #close} was called. */
  public boolean isClosed() {
    return natives.isClosed();
  }

  /** Fails with an {@link IllegalStateException} if this session is closed. */
  public void checkOpen() {
    checkState(!natives.isClosed(), "the model was closed: build or load it again");
  }

  /**
   * Waits for current runs, then frees the session and the graph. Closing twice does nothing. Any
   * later use throws {@link IllegalStateException}.
   */
  @Override
  public void close() {
    natives.markClosed();
    cleanable.clean();
  }
}
