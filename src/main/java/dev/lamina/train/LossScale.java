package dev.lamina.train;

import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Variable;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * What the loss is multiplied by, and the gradients are divided by afterwards, so that float16
 * neither loses the small ones nor overflows with the large ones (Micikevicius et al., arXiv
 * 1710.03740, section 3.2). It begins at 65,536, doubles after 2,000 steps in a row, and is halved
 * when a gradient overflows, as in PyTorch's GradScaler; but then the step is taken once more with
 * the smaller scale, where PyTorch leaves it out.
 */
final class LossScale {
  private static final float FIRST = 65_536;

  private static final float LEAST = 1f / 65_536;

  /** So that gradients of zero do not let it grow until it overflows itself. */
  private static final float MOST = 16_777_216;

  private static final float GROWTH_INTERVAL = 2_000;

  private final GraphSession session;
  private final Variable scale;
  private final Variable steps;
  private final Ops tf;
  private final Operand<TFloat32> value;

  /** Builds the scale; it has no value until {@link #reset}. */
  LossScale(GraphSession session) {
    this.session = session;
    scale = session.scalar("optimizer.loss_scale");
    steps = session.scalar("optimizer.loss_scale_steps");
    tf = session.ops().withSubScope("loss_scale");
    value = tf.readVariableOp(scale.handle(), TFloat32.class);
  }

  void reset() {
    set(FIRST);
  }

  private void set(float to) {
    session.assign(Map.of(scale, new float[] {to}, steps, new float[] {0}));
  }

  Operand<TFloat32> scaled(Operand<TFloat32> loss) {
    return tf.math.mul(loss, value);
  }

  /** The scale is a power of two, so nothing is rounded. */
  List<Operand<TFloat32>> unscaled(List<Operand<TFloat32>> gradients) {
    Operand<TFloat32> factor = tf.math.reciprocal(value);
    return gradients.stream()
        .<Operand<TFloat32>>map(gradient -> tf.math.mul(gradient, factor))
        .toList();
  }

  /**
   * Counts a step, and doubles the scale after many.
   *
   * @param gated operations that run when nothing can fail any more in the step
   */
  List<Op> count(Ops gated) {
    Operand<TFloat32> one = tf.constant(1f);
    Operand<TFloat32> now = tf.math.add(tf.readVariableOp(steps.handle(), TFloat32.class), one);
    var enough = tf.math.greaterEqual(now, tf.constant(GROWTH_INTERVAL));
    Operand<TFloat32> doubled =
        tf.math.minimum(tf.math.mul(value, tf.constant(2f)), tf.constant(MOST));
    return List.of(
        gated.assignVariableOp(scale.handle(), tf.select(enough, doubled, value)),
        gated.assignVariableOp(steps.handle(), tf.select(enough, tf.constant(0f), now)));
  }

  /** Halves the scale after an overflow. False where it is as small as can be. */
  boolean halve() {
    float now = Objects.requireNonNull(session.read(List.of(scale)).get(scale))[0];
    if (!(now > LEAST && now <= MOST)) {
      return false;
    }
    set(now / 2);
    return true;
  }

  /** What is to be kept from step to step. */
  List<Variable> variables() {
    return List.of(scale, steps);
  }
}
