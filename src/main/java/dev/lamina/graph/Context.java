package dev.lamina.graph;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TFloating;

/**
 * The environment of a layer while it is built into a graph: the operations under the layer's own
 * name, the values of its parameters, whether it is built for training, and a key for its random
 * numbers. All contexts of one pass over a network (training or inference) share the reads of
 * variables and collect the new values of running statistics.
 */
public final class Context {
  /** The state that all contexts of one pass share. */
  private static final class Pass {
    final Ops root;
    final Function<String, Variable> variables;
    final Function<String, Operand<TFloat32>> values;
    final @Nullable Operand<TInt64> seed;
    final Device device;
    final Precision precision;
    final Predicate<String> frozen;
    final Optional<BatchShare> share;
    final Map<Variable, Operand<TFloat32>> reads = new LinkedHashMap<>();
    final Map<Variable, Operand<TFloat32>> statistics = new LinkedHashMap<>();
    final Backward backward;
    final Runnable fuses;

    /** Creates a pass over variables. */
    Pass(
        GraphSession session,
        @Nullable Operand<TInt64> seed,
        Precision precision,
        Predicate<String> frozen,
        Optional<BatchShare> share) {
      Ops reading = session.ops().withSubScope("read");
      this.root = session.ops().withSubScope(seed == null ? "infer" : "train");
      this.variables = session::variable;
      this.values =
          name ->
              reads.computeIfAbsent(
                  session.variable(name),
                  variable -> reading.readVariableOp(variable.handle(), TFloat32.class));
      this.seed = seed;
      this.device = session.device();
      this.precision = precision;
      this.frozen = frozen;
      this.share = share;
      this.backward = new Backward(root, seed != null, device.rematerializes(precision));
      this.fuses = session::compiles;
    }

    /** Creates a pass without variables. */
    Pass(Ops root, Function<String, Operand<TFloat32>> values) {
      this.root = root;
      this.variables =
          name -> {
            throw new IllegalStateException(name + " must not be updated in a frozen network");
          };
      this.values = values;
      this.seed = null;
      // The graph leaves this process: nothing in it may depend on the device here.
      this.device = Device.cpu();
      this.precision = Precision.FLOAT32;
      this.frozen = path -> false;
      this.share = Optional.empty();
      this.backward = new Backward(root, false, false);
      this.fuses =
          () -> {
            throw new IllegalStateException("a frozen network must not need a compiler");
          };
    }
  }

  private final Pass pass;
  private final String path;

  /** Created when it is asked for: not every context adds operations. */
  private @Nullable Ops tf;

  private Context(Pass pass, String path) {
    this.pass = pass;
    this.path = path;
  }

  /** Returns the root context of a network that is built for inference. */
  public static Context inference(GraphSession session) {
    return new Context(
        new Pass(session, null, Precision.FLOAT32, path -> false, Optional.empty()), "");
  }

  /**
   * Returns the root context of a network that is built for training. Its gradients are built by
   * {@link Backward#gradients}.
   *
   * @param seed int64 [2], different in every step: the key of all random numbers of the step
   * @param precision the number format of convolutions
   */
  public static Context training(GraphSession session, Operand<TInt64> seed, Precision precision) {
    return training(session, seed, precision, path -> false);
  }

  /**
   * Returns the root context of a network that is built for training, except for some layers that
   * are built as for inference.
   *
   * @param frozen tests the full name of a layer; must also accept the layers inside a frozen one
   */
  public static Context training(
      GraphSession session, Operand<TInt64> seed, Precision precision, Predicate<String> frozen) {
    return training(session, seed, precision, frozen, Optional.empty());
  }

  /**
   * Returns the root context of a network that is built for training by one of several workers.
   *
   * @param share the worker's share of each batch; empty if it trains alone
   */
  public static Context training(
      GraphSession session,
      Operand<TInt64> seed,
      Precision precision,
      Predicate<String> frozen,
      Optional<BatchShare> share) {
    return new Context(new Pass(session, seed, precision, frozen, share), "");
  }

  /**
   * Returns the root context of a network that is built for inference in any graph, without
   * variables.
   *
   * @param ops the operations of that graph
   * @param values maps the full name of a parameter to its value
   */
  public static Context frozen(Ops ops, Function<String, Operand<TFloat32>> values) {
    return new Context(new Pass(ops.withSubScope("infer"), values), "");
  }

  /** Returns the context of a layer inside this one; with an empty name, this context. */
  public Context child(String name) {
    return name.isEmpty() ? this : new Context(pass, join(path, name));
  }

  /** Returns the operations, under the layer's name. */
  public Ops tf() {
    if (tf == null) {
      tf = path.isEmpty() ? pass.root : pass.root.withSubScope(path);
    }
    return tf;
  }

  /** Returns the layer's full name, its parents' names joined by dots; empty at the root. */
  public String path() {
    return path;
  }

  /** Returns whether the layer is built for training; false in inference and for a frozen layer. */
  public boolean training() {
    return pass.seed != null && !pass.frozen.test(path);
  }

  /** Notes that the graph has operations that are compiled. */
  void fuses() {
    pass.fuses.run();
  }

  /** Returns where the graph is placed. */
  public Device device() {
    return pass.device;
  }

  /** Returns the share of each batch that the input is; empty if it is the whole batch. */
  public Optional<BatchShare> share() {
    return pass.share;
  }

  /** Returns the number format of convolutions. */
  public Precision precision() {
    return pass.precision;
  }

  /**
   * Returns the backward pass, for layers that define a gradient of their own or drop activations.
   */
  public Backward backward() {
    return pass.backward;
  }

  /**
   * Returns the value of a parameter that the layer declares, in float32.
   *
   * @throws IllegalArgumentException if the layer does not declare it
   */
  public Operand<TFloating> get(String parameter) {
    return Floats.asFloating(pass.values.apply(join(path, parameter)));
  }

  /**
   * In training, sets a running statistic to a new value at the end of the step. Does nothing for a
   * frozen layer.
   */
  public void setStatistic(String parameter, Operand<TFloat32> value) {
    if (!pass.frozen.test(path)) {
      pass.statistics.put(pass.variables.apply(join(path, parameter)), value);
    }
  }

  /**
   * Returns the key of this layer's random numbers in this step: int64 [2], different from every
   * other layer's.
   *
   * @throws IllegalStateException in inference, where nothing is random
   */
  public Operand<TInt64> seed() {
    if (pass.seed == null) {
      throw new IllegalStateException(path + " must not draw random numbers in inference");
    }
    return RandomKey.forUse(tf(), pass.seed, path);
  }

  /** Returns the variables that were read in this pass, each with its one read. */
  public Map<Variable, Operand<TFloat32>> reads() {
    return Collections.unmodifiableMap(pass.reads);
  }

  /**
   * Returns the running statistics with their values after this step. Call once, after the whole
   * network has been built.
   */
  public Map<Variable, Operand<TFloat32>> statistics() {
    return Collections.unmodifiableMap(pass.statistics);
  }

  /** Returns whether a full name is that of a layer, or of a layer or a parameter inside it. */
  public static boolean contains(String layer, String name) {
    return name.equals(layer) || name.startsWith(layer + ".");
  }

  /** Joins two names by a dot; an empty one is left out. */
  public static String join(String path, String name) {
    return path.isEmpty() || name.isEmpty() ? path + name : path + "." + name;
  }
}
