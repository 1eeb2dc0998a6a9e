package dev.lamina.graph;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;

/**
 * The registry of all variables of a run: the weights of a network, and those that the optimizer,
 * the step and callbacks add. All of them are stored in checkpoints, under the names given here,
 * and restored bit for bit. Added variables belong to this registry only, so two steps of one model
 * share nothing but the weights; {@link #close()} frees them.
 */
public final class State implements AutoCloseable {
  private final GraphSession session;
  private final Map<String, Variable> variables = new LinkedHashMap<>();
  private final List<Variable> added = new ArrayList<>();

  /**
   * Creates a registry that holds the given variables under their own names.
   *
   * @param weights the weights and running statistics of a network
   */
  public State(GraphSession session, Collection<Variable> weights) {
    this.session = session;
    weights.forEach(variable -> variables.put(variable.name(), variable));
  }

  /**
   * Adds a variable. It has no value until one is assigned, or {@link #clear()} is called.
   *
   * @param name its name in checkpoints
   * @throws IllegalArgumentException if the name is taken
   */
  public Variable add(String name, StateKind kind, Shape shape) {
    checkArgument(
        !name.startsWith("callback/"),
        "name of state must not start with \"callback/\", got %s",
        name);
    checkArgument(
        !variables.containsKey(name), "names of state must be unique, got %s twice", name);
    Variable variable =
        session.create(
            session.freeName(name),
            kind,
            Parameter.of(name, shape, Role.STATISTIC, Initializer.zeros()));
    variables.put(name, variable);
    added.add(variable);
    return variable;
  }

  /** Returns all variables by their names in checkpoints, in the order in which they were added. */
  public Map<String, Variable> variables() {
    return Collections.unmodifiableMap(variables);
  }

  /** Sets every added variable to zero, without arrays of its size in Java. */
  public void clear() {
    Ops tf = session.ops().withSubScope("clear");
    // Fed rather than constant: constant folding would materialise every tensor of zeros.
    Placeholder<TFloat32> zero = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
    List<Op> assigns = new ArrayList<>();
    for (Variable variable : added) {
      assigns.add(
          tf.assignVariableOp(
              variable.handle(), tf.fill(tf.constant(variable.parameter().shape()), zero)));
    }
    Op all = tf.withControlDependencies(assigns).noOp();
    try (TFloat32 value = TFloat32.scalarOf(0)) {
      session.run(runner -> runner.feed(zero, value).addTarget(all)).close();
    }
  }

  /** Frees the memory of the added variables. */
  @Override
  public void close() {
    session.destroy(added);
    added.clear();
  }
}
