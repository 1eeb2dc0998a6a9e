package dev.lamina.layer;

import dev.lamina.graph.Backward;
import dev.lamina.graph.Context;
import dev.lamina.graph.Fused;
import java.util.List;
import java.util.function.BiFunction;
import org.tensorflow.Operand;
import org.tensorflow.types.family.TFloating;

/** An elementwise function of several operations and its derivative, each joined into one loop. */
record Formula(
    BiFunction<Fused, Operand<TFloating>, Operand<TFloating>> value,
    BiFunction<Fused, Operand<TFloating>, Operand<TFloating>> derivative) {

  /** x Phi(x), and Phi(x) + x phi(x), where phi is the derivative of Phi: the density. */
  static final Formula GELU =
      new Formula(
          (ops, x) -> ops.mul(x, phi(ops, x)),
          (ops, x) -> {
            Operand<TFloating> exponent = ops.mul(ops.mul(x, x), -0.5);
            Operand<TFloating> density =
                ops.mul(ops.op("Exp", exponent), 1 / Math.sqrt(2 * Math.PI));
            return ops.add(phi(ops, x), ops.mul(x, density));
          });

  /** x s, and s + x s (1 - s), where s is the sigmoid. */
  static final Formula SILU =
      new Formula(
          (ops, x) -> ops.mul(x, ops.op("Sigmoid", x)),
          (ops, x) -> {
            Operand<TFloating> s = ops.op("Sigmoid", x);
            Operand<TFloating> rest = ops.add(ops.mul(s, -1), 1);
            return ops.add(s, ops.mul(ops.mul(x, s), rest));
          });

  /** x h, and h, between -3 and 3 also x / 6, where h is the hard sigmoid. */
  static final Formula HARD_SWISH =
      new Formula(
          (ops, x) -> ops.mul(x, hardSigmoid(ops, x)),
          (ops, x) -> {
            Operand<TFloating> distance = ops.add(ops.mul(ops.op("Abs", x), -1), 3);
            Operand<TFloating> inside = ops.op("Relu", ops.op("Sign", distance));
            return ops.add(hardSigmoid(ops, x), ops.mul(ops.mul(x, 1.0 / 6), inside));
          });

  private static Operand<TFloating> phi(Fused ops, Operand<TFloating> x) {
    return ops.mul(ops.add(ops.op("Erf", ops.mul(x, Math.sqrt(0.5))), 1), 0.5);
  }

  private static Operand<TFloating> hardSigmoid(Fused ops, Operand<TFloating> x) {
    return ops.mul(ops.op("Relu6", ops.add(x, 3)), 1.0 / 6);
  }

  /**
   * Adds the function, and in training its gradient, which needs the input only. Where activations
   * are recomputed the result is, which is one more loop.
   */
  Operand<TFloating> apply(Context context, Operand<TFloating> x) {
    Backward backward = context.backward();
    Operand<TFloating> y = value.apply(Fused.of(context, "forward"), x);
    if (backward.rematerializes()) {
      backward.checkpoint(
          y,
          after ->
              value.apply(
                  Fused.of(context, "again"),
                  context.tf().withControlDependencies(after).identity(x)));
    }
    return backward.withGradient(
        List.of(x),
        y,
        dy -> {
          Fused ops = Fused.of(context, "backward");
          return List.of(ops.mul(dy, derivative.apply(ops, x)));
        });
  }
}
