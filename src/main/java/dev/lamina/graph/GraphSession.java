package dev.lamina.graph;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TFloat32;

/**
 * A graph, the session that runs it, and the variables that live in it. It may be extended at any
 * time: operations that are added later see the same variables. Running is safe from many threads.
 */
public final class GraphSession implements AutoCloseable {
  private final Graph graph = new Graph();
  private final Session session = new Session(graph);
  private final Ops ops = Ops.create(graph);
  // Made once: a sub-scope looks at every operation of the graph.
  private final Ops creating = ops.withSubScope("variables");
  private final Map<String, Variable> variables = new LinkedHashMap<>();
  private final AtomicLong version = new AtomicLong();
  private final AtomicInteger updaters = new AtomicInteger();
  private volatile boolean closed;

  /** The graph. */
  public Graph graph() {
    checkOpen();
    return graph;
  }

  /** The operations of the graph, at its root scope. */
  public Ops ops() {
    checkOpen();
    return ops;
  }

  /** A run to be filled with feeds and fetches. Close what it returns. */
  public Session.Runner runner() {
    checkOpen();
    return session.runner();
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
    Session.Runner runner = runner();
    List<TFloat32> tensors = new ArrayList<>();
    try {
      values.forEach(
          (variable, array) -> {
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
          });
      runner.run().close();
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
    Session.Runner runner = runner();
    which.forEach(variable -> runner.fetch(variable.read()));
    try (var result = runner.run()) {
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
    try (var result = runner().fetch(operand).run()) {
      return floats(result.get(0));
    }
  }

  private void checkOpen() {
    checkState(!closed, "the model was closed: build or load it again");
  }

  /** Frees the session and the graph. Closing twice does nothing. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      session.close();
      graph.close();
    }
  }
}
