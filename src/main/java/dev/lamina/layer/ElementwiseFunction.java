package dev.lamina.layer;

import dev.lamina.graph.Backward;
import dev.lamina.graph.Context;
import dev.lamina.graph.Fused;
import java.util.List;
import java.util.function.BiFunction;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/** An elementwise function of several operations and its derivative, each fused into one loop. */
record ElementwiseFunction(
    BiFunction<Fused, Operand<TFloating>, Operand<TFloating>> value,
    BiFunction<Fused, Operand<TFloating>, Operand<TFloating>> derivative) {

  /** x Phi(x), and Phi(x) + x phi(x), where phi is the derivative of Phi: the density. */
  static final ElementwiseFunction GELU =
      new ElementwiseFunction(
          (ops, x) -> ops.mul(x, phi(ops, x)),
          (ops, x) -> {
            Operand<TFloating> exponent = ops.mul(ops.mul(x, x), -0.5);
            Operand<TFloating> density =
                ops.mul(ops.op("Exp", exponent), 1 / Math.sqrt(2 * Math.PI));
            return ops.add(phi(ops, x), ops.mul(x, density));
          });

  /** x s, and s + x s (1 - s), where s is the sigmoid. */
  static final ElementwiseFunction SILU =
      new ElementwiseFunction(
          (ops, x) -> ops.mul(x, ops.op("Sigmoid", x)),
          (ops, x) -> {
            Operand<TFloating> s = ops.op("Sigmoid", x);
            Operand<TFloating> rest = ops.add(ops.mul(s, -1), 1);
            return ops.add(s, ops.mul(ops.mul(x, s), rest));
          });

  /** x h, and h, between -3 and 3 also x / 6, where h is the hard sigmoid. */
  static final ElementwiseFunction HARD_SWISH =
      new ElementwiseFunction(
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
   * Adds the function. Where it is fused, the backward pass needs the input only; in float32, where
   * memory counts, the result is rematerialised, which is one more loop. The input is kept also if
   * it could be rematerialised: a batch norm takes longer.
   */
  Operand<TFloating> apply(Context context, Operand<TFloating> x) {
    Fused forward = Fused.of(context, x, "forward");
    Operand<TFloating> y = value.apply(forward, x);
    if (!forward.isCompiled()) {
      return y;
    }
    Backward backward = context.backward();
    if (backward.rematerializes()) {
      backward.checkpoint(
          y,
          after ->
              value.apply(
                  Fused.of(context, x, "recomputed"),
                  context.tf().withControlDependencies(after).identity(x)));
    }
    return backward.withGradient(
        List.of(x),
        y,
        dy -> {
          Fused ops = Fused.of(context, x, "backward");
          // XLA would round every intermediate result of 16 bits, which takes longer.
          Operand<TFloating> slope = derivative.apply(ops, ops.cast(x, TFloat32.class));
          Operand<TFloating> dx = ops.mul(ops.cast(dy, TFloat32.class), slope);
          return List.of(ops.cast(dx, x.type()));
        });
  }
}
