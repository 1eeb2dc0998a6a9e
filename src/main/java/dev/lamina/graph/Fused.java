package dev.lamina.graph;

import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TFloating;

/**
 * Elementwise operations that XLA, TensorFlow's compiler, joins into one loop over memory. Run one
 * by one they are bound by memory: GELU and its gradient take a third to a fifth of the time
 * joined. Not for inference, whose graphs leave this process and whose batches have many sizes, and
 * not for a GPU, where compiling is the user's choice. TensorFlow without XLA runs them one by one.
 */
public final class Fused {
  private final Ops tf;
  private final boolean compiled;
  private final String cluster;

  /**
   * Creates operations.
   *
   * @param compiled whether they are joined; else they are ordinary operations
   * @param cluster the name of what they are joined to
   */
  Fused(Ops tf, boolean compiled, String cluster) {
    this.tf = tf;
    this.compiled = compiled;
    this.cluster = cluster;
  }

  /**
   * Returns operations that are joined with each other, but with no others.
   *
   * @param name what they compute
   */
  public static Fused of(Context context, String name) {
    Ops tf = context.tf();
    boolean compiled = context.training() && context.device().fusesElementwise();
    if (compiled) {
      NativeLog.silenceCompiler(context.device());
    }
    return new Fused(tf, compiled, tf.scope().makeOpName(name));
  }

  /** Adds an operation of a type of TensorFlow, such as "Mul". */
  public Operand<TFloating> op(String type, Operand<?>... inputs) {
    OperationBuilder builder = tf.scope().opBuilder(type, type);
    for (Operand<?> input : inputs) {
      builder.addInput(input.asOutput());
    }
    if (compiled) {
      builder.setAttr("_XlaCompile", true).setAttr("_XlaScope", cluster);
    }
    return builder.build().output(0);
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
