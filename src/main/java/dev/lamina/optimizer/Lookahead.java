package dev.lamina.optimizer;

import static com.google.common.base.Preconditions.checkArgument;

import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Lookahead (Zhang, Lucas, Ba and Hinton, arXiv 1907.08610): another optimizer moves the weights;
 * every few steps slow weights go a part of the way to them, and the weights go on from there.
 *
 * <pre>
 * slow = w before step 1
 * every {@code steps} steps:  slow = slow + alpha * (w - slow),  w = slow
 * </pre>
 *
 * <p>The state of the other optimizer is kept, as in the paper's experiments. The end of training
 * should be a multiple of {@code steps}: only then the weights are the slow ones.
 *
 * <pre>{@code
 * Optimizer optimizer = Lookahead.of(MomentumOptimizer.of(0.9).withNesterov());
 * }</pre>
 *
 * @param optimizer moves the weights in every step
 * @param steps the number of steps between two moves of the slow weights; 5 unless set
 * @param alpha the part of the way that the slow weights go, in (0, 1]; 0.5 unless set
 */
public record Lookahead(Optimizer optimizer, int steps, double alpha) implements Optimizer {
  /** Checks that steps is positive and alpha in (0, 1]. */
  public Lookahead {
    checkArgument(steps > 0, "steps must be positive, got %s", steps);
    checkArgument(alpha > 0 && alpha <= 1, "alpha must be in (0, 1], got %s", alpha);
  }

  /** Returns lookahead around an optimizer. */
  public static Lookahead of(Optimizer optimizer) {
    return new Lookahead(optimizer, 5, 0.5);
  }

  /** Returns this optimizer with another number of steps between two moves. */
  public Lookahead steps(int steps) {
    return new Lookahead(optimizer, steps, alpha);
  }

  /** Returns this optimizer with another part of the way. */
  public Lookahead alpha(double alpha) {
    return new Lookahead(optimizer, steps, alpha);
  }

  @Override
  public double momentum() {
    return optimizer.momentum();
  }

  @Override
  public GradientTransform transform() {
    return optimizer.transform();
  }

  @Override
  public Op update(UpdateContext update) {
    Ops before = update.tf();
    var kept = update.slot("slow");
    Operand<TFloat32> one = before.constant(1f);
    Operand<TFloat32> slow =
        before.select(
            before.math.equal(update.step(), one),
            update.value(),
            before.readVariableOp(kept.handle(), TFloat32.class));
    Ops after = before.withControlDependencies(optimizer.update(update));
    Operand<TFloat32> fast = after.readVariableOp(update.variable().handle(), TFloat32.class);
    var moves =
        after.math.equal(
            after.math.mod(update.step(), after.constant((float) steps)), after.constant(0f));
    Operand<TFloat32> moved =
        after.select(
            moves,
            after.math.add(
                slow, after.math.mul(after.math.sub(fast, slow), after.constant((float) alpha))),
            slow);
    return after
        .withControlDependencies(
            after.assignVariableOp(kept.handle(), moved),
            after.assignVariableOp(update.variable().handle(), after.select(moves, moved, fast)))
        .noOp();
  }
}
