package dev.lamina.graph;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TFloating;

/**
 * What a layer is given when it is built into a graph: the operations under the layer's own name,
 * the values of its parameters, whether it is built for training, and a seed for its random
 * numbers. One pass over a network (training, or inference) shares the reads and collects the
 * updates of its running statistics.
 */
public final class Context {
  /** What all contexts of one pass share. */
  private static final class Pass {
    final Ops root;
    final Function<String, Variable> variables;
    final Function<String, Operand<TFloat32>> values;
    final @Nullable Operand<TInt64> seed;
    final Precision precision;
    final Predicate<String> frozen;
    final Map<Variable, Operand<TFloat32>> reads = new LinkedHashMap<>();
    final List<Update> updates = new ArrayList<>();
    final Backward backward = new Backward();

    /** A pass over variables. */
    Pass(
        GraphSession session,
        @Nullable Operand<TInt64> seed,
        Precision precision,
        Predicate<String> frozen) {
      Ops reading = session.ops().withSubScope("read");
      this.root = session.ops().withSubScope(seed == null ? "infer" : "train");
      this.variables = session::variable;
      this.values =
          name ->
              reads.computeIfAbsent(
                  session.variable(name),
                  variable -> reading.readVariableOp(variable.handle(), TFloat32.class));
      this.seed = seed;
      this.precision = precision;
      this.frozen = frozen;
    }

    /** A pass without variables. */
    Pass(Ops root, Function<String, Operand<TFloat32>> values) {
      this.root = root;
      this.variables =
          name -> {
            throw new IllegalStateException(name + " must not be updated in a frozen network");
          };
      this.values = values;
      this.seed = null;
      this.precision = Precision.FLOAT32;
      this.frozen = path -> false;
    }
  }

  private record Update(Variable variable, Operand<TFloat32> value) {}

  private final Pass pass;
  private final String path;
  // Made when first asked for: every sub-scope costs a look at all operations of the graph.
  private @Nullable Ops tf;

  private Context(Pass pass, String path) {
    this.pass = pass;
    this.path = path;
  }

  /** The context at the root of a network that is built for inference. */
  public static Context inference(GraphSession session) {
    return new Context(new Pass(session, null, Precision.FLOAT32, path -> false), "");
  }

  /**
   * The context at the root of a network that is built for training. Its gradients are built by
   * {@link #gradients}.
   *
   * @param seed int64 [2], different in every step: the key of all random numbers of the step
   * @param precision what convolutions compute in
   */
  public static Context training(GraphSession session, Operand<TInt64> seed, Precision precision) {
    return training(session, seed, precision, path -> false);
  }

  /**
   * The context at the root of a network that is built for training, but for some layers that are
   * built as for inference.
   *
   * @param frozen says which, by their full names; what is inside them must be among them
   */
  public static Context training(
      GraphSession session, Operand<TInt64> seed, Precision precision, Predicate<String> frozen) {
    return new Context(new Pass(session, seed, precision, frozen), "");
  }

  /**
   * The context at the root of a network that is built for inference in any graph, without
   * variables.
   *
   * @param ops the operations of that graph
   * @param values gives the value of the parameter of that full name
   */
  public static Context frozen(Ops ops, Function<String, Operand<TFloat32>> values) {
    return new Context(new Pass(ops.withSubScope("infer"), values), "");
  }

  /** The context of a part of this layer. */
  public Context child(String name) {
    return new Context(pass, join(path, name));
  }

  /** The operations, under the layer's name. */
  public Ops tf() {
    if (tf == null) {
      tf = path.isEmpty() ? pass.root : pass.root.withSubScope(path);
    }
    return tf;
  }

  /** The layer's full name, its parents' names joined by dots; empty at the root. */
  public String path() {
    return path;
  }

  /** Whether the layer is built for training; if not, for inference, or it is frozen. */
  public boolean training() {
    return pass.seed != null && !pass.frozen.test(path);
  }

  /** What convolutions compute in. */
  public Precision precision() {
    return pass.precision;
  }

  /** The value of a parameter that the layer declares, in float32. */
  public Operand<TFloating> get(String parameter) {
    return Floats.wide(pass.values.apply(join(path, parameter)));
  }

  /**
   * In training, sets a running statistic to a new value at the end of the step. Does nothing for a
   * frozen layer.
   */
  public void update(String parameter, Operand<TFloat32> value) {
    if (!pass.frozen.test(path)) {
      pass.updates.add(new Update(pass.variables.apply(join(path, parameter)), value));
    }
  }

  /**
   * Gives a result another gradient than that of the operations it was built from, as {@code
   * tf.custom_gradient} does in Python. Does nothing in a pass for inference.
   *
   * @param inputs what the result is computed from, the values of parameters among it
   * @param result the result
   * @param gradient given the gradient by the result, builds that by each of the inputs, in their
   *     order
   * @return the result, to be used in place of the one given. {@link #gradients} goes on from it to
   *     the inputs; the graph's own {@code addGradients} ends here.
   */
  public Operand<TFloating> withGradient(
      List<Operand<TFloating>> inputs,
      Operand<TFloating> result,
      Function<Operand<TFloating>, List<Operand<TFloating>>> gradient) {
    return pass.seed == null ? result : pass.backward.custom(pass.root, inputs, result, gradient);
  }

  /**
   * Says that a result is cheaply computed again from what the backward pass needs anyway, so that
   * it need not be kept for it. Does nothing in a pass for inference.
   *
   * @param result the result
   * @param recipe computes the same numbers again, without updates of statistics or other random
   *     draws, after the operand it is given: its first operation takes {@code
   *     tf.withControlDependencies(after).identity(x)} in place of x, or, where x is recomputable
   *     itself, {@code recomputed(x, after)}. Else TensorFlow sees one computation twice, and does
   *     it once.
   */
  public void recomputable(Operand<TFloating> result, UnaryOperator<Operand<TFloating>> recipe) {
    if (pass.seed != null) {
      pass.backward.recomputable(result, recipe);
    }
  }

  /**
   * Whether the backward pass computes again what is cheap, instead of keeping it: in float32. In
   * less precision it is smaller, and time is dearer.
   */
  public boolean recomputes() {
    return pass.precision == Precision.FLOAT32;
  }

  /** Whether a result of this pass is cheaply computed again. */
  public boolean isRecomputable(Operand<TFloating> result) {
    return pass.backward.isRecomputable(result);
  }

  /**
   * A result of this pass for use in its backward pass, by what is given to {@link #withGradient}:
   * computed again where it is cheaply, else itself. A layer that leaves its gradient to TensorFlow
   * is right too, but what TensorFlow takes for it is kept.
   *
   * @param result the result
   * @param after what must be there before, if it has not been computed again already: the gradient
   *     that has come so far
   */
  public Operand<TFloating> recomputed(Operand<TFloating> result, Operand<TFloating> after) {
    return pass.backward.recomputed(result, after);
  }

  /**
   * Builds the gradients of a result of this pass.
   *
   * @param y the result, such as the loss; where it is not one number, the sum of its elements is
   *     derived
   * @param xs what to derive by: reads of variables, or what went into the network
   * @return dy/dx of each x that a gradient leads to
   * @throws IllegalArgumentException where one x is computed from another
   * @throws org.tensorflow.exceptions.TensorFlowException where an operation between them has no
   *     gradient
   */
  public Map<Output<?>, Operand<TFloating>> gradients(
      Operand<?> y, Collection<? extends Output<?>> xs) {
    return pass.backward.gradients(pass.root, y, xs);
  }

  /**
   * The key of this layer's random numbers in this step: int64 [2], different from every other
   * layer's.
   *
   * @throws IllegalStateException in inference, where nothing is random
   */
  public Operand<TInt64> seed() {
    if (pass.seed == null) {
      throw new IllegalStateException(path + " must not draw random numbers in inference");
    }
    return tf().math.add(pass.seed, tf().constant(new long[] {0, Seeds.of(0, path)}));
  }

  /** The variables that were read in this pass, each with its one read. */
  public Map<Variable, Operand<TFloat32>> reads() {
    return java.util.Collections.unmodifiableMap(pass.reads);
  }

  /**
   * Builds the assignments of the running statistics. To be called once, when the network stands.
   */
  public List<Op> assignUpdates(Ops ops) {
    List<Op> assigns = new ArrayList<>();
    for (Update update : pass.updates) {
      assigns.add(ops.assignVariableOp(update.variable().handle(), update.value()));
    }
    return assigns;
  }

  /** A full name: the names joined by dots, without an empty one in front. */
  public static String join(String path, String name) {
    return path.isEmpty() ? name : path + "." + name;
  }
}
