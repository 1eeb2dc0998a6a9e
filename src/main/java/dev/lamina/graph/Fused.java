package dev.lamina.graph;

import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Operands;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TFloating;

/**
 * Elementwise operations that XLA, TensorFlow's compiler, fuses into one loop over memory. One by
 * one they are bound by memory. Only in training on a processor: exports must not need a compiler,
 * prediction has batches of many sizes, and on a GPU compiling is the user's choice. TensorFlow
 * without XLA runs them one by one. See docs/decisions/0046.
 */
public final class Fused {
  /** For fewer values of an example compiling takes longer than it saves. */
  private static final long MIN_SIZE = 1024;

  private final Ops tf;
  private final boolean compiled;
  private final String cluster;

  /**
   * Creates operations.
   *
   * @param compiled whether they are fused; else they are ordinary operations
   * @param cluster the name of what they are fused to
   */
  Fused(Ops tf, boolean compiled, String cluster) {
    this.tf = tf;
    this.compiled = compiled;
    this.cluster = cluster;
  }

  /**
   * Returns operations that are fused with each other, but with no others.
   *
   * @param x the values that they are for, a batch
   * @param name what they compute
   */
  public static Fused of(Context context, Operand<TFloating> x, String name) {
    Ops tf = context.tf();
    boolean compiled =
        context.training()
            && context.device().fusesElementwise()
            && x.shape().tail().size() >= MIN_SIZE;
    if (compiled) {
      context.fuses();
    }
    return new Fused(tf, compiled, tf.scope().makeOpName(name));
  }

  /** Returns whether they are fused; else they are ordinary operations. */
  public boolean isCompiled() {
    return compiled;
  }

  /** Adds an operation of a type of TensorFlow, such as "Mul". */
  public Operand<TFloating> op(String type, Operand<?>... inputs) {
    return add(GraphOps.builder(tf, type, inputs));
  }

  private Operand<TFloating> add(OperationBuilder builder) {
    if (compiled) {
      builder.setAttr("_XlaCompile", true).setAttr("_XlaScope", cluster);
    }
    return builder.build().output(0);
  }

  /** Adds the conversion to another type, unless x has that type. */
  public Operand<TFloating> cast(Operand<TFloating> x, Class<? extends TFloating> type) {
    return x.type().equals(type)
        ? x
        : add(GraphOps.builder(tf, "Cast", x).setAttr("DstT", Operands.toDataType(type)));
  }

  /** Adds x y. */
  public Operand<TFloating> mul(Operand<TFloating> x, Operand<TFloating> y) {
    return op("Mul", x, y);
  }

  /** Adds the product of x and a number. */
  public Operand<TFloating> mul(Operand<TFloating> x, double factor) {
    return mul(x, tf.constant(x.type(), factor));
  }

  /** Adds x + y. */
  public Operand<TFloating> add(Operand<TFloating> x, Operand<TFloating> y) {
    return op("AddV2", x, y);
  }

  /** Adds the sum of x and a number. */
  public Operand<TFloating> add(Operand<TFloating> x, double summand) {
    return add(x, tf.constant(x.type(), summand));
  }
}
