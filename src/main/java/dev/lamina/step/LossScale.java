package dev.lamina.step;

import dev.lamina.graph.GraphSession;
import dev.lamina.graph.State;
import dev.lamina.graph.StateKind;
import dev.lamina.graph.Variable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The factor by which the loss is multiplied and the gradients are divided afterwards, so that
 * small gradients do not underflow in float16 and large ones do not overflow (Micikevicius et al.,
 * arXiv 1710.03740, section 3.2). It starts at 65,536, doubles after 2,000 steps in a row, and is
 * halved when a gradient overflows, as in PyTorch's GradScaler; but then the step is repeated with
 * the smaller scale, while PyTorch skips it.
 */
final class LossScale {
  private static final float INITIAL_SCALE = 65_536;

  private static final float MIN_SCALE = 1f / 65_536;

  /** Keeps gradients of zero from letting it grow until it overflows itself. */
  private static final float MAX_SCALE = 16_777_216;

  private static final float GROWTH_INTERVAL = 2_000;

  private final GraphSession session;
  private final Variable scale;
  private final Variable steps;
  private final Ops tf;
  private final Operand<TFloat32> value;

  /** Builds the scale; it has no value until {@link #reset}. */
  LossScale(GraphSession session, State state) {
    this.session = session;
    scale = state.add("optimizer.loss_scale", StateKind.COUNTER, Shape.scalar());
    steps = state.add("optimizer.loss_scale_steps", StateKind.COUNTER, Shape.scalar());
    tf = session.ops().withSubScope("loss_scale");
    value = tf.readVariableOp(scale.handle(), TFloat32.class);
  }

  void reset() {
    set(INITIAL_SCALE);
  }

  private void set(float to) {
    session.assign(Map.of(scale, new float[] {to}, steps, new float[] {0}));
  }

  Operand<TFloat32> scaled(Operand<TFloat32> loss) {
    return tf.math.mul(loss, value);
  }

  /** Divides by the scale, which is a power of two, so that nothing is rounded. */
  Map<Variable, Operand<TFloat32>> unscaled(Map<Variable, Operand<TFloat32>> gradients) {
    Operand<TFloat32> factor = tf.math.reciprocal(value);
    Map<Variable, Operand<TFloat32>> unscaled = new LinkedHashMap<>();
    gradients.forEach(
        (variable, gradient) -> unscaled.put(variable, tf.math.mul(gradient, factor)));
    return unscaled;
  }

  /**
   * Counts a step, and doubles the scale after many.
   *
   * @param gated operations that run only after the step was found finite
   */
  List<Op> count(Ops gated) {
    Operand<TFloat32> one = tf.constant(1f);
    Operand<TFloat32> now = tf.math.add(tf.readVariableOp(steps.handle(), TFloat32.class), one);
    var enough = tf.math.greaterEqual(now, tf.constant(GROWTH_INTERVAL));
    Operand<TFloat32> doubled =
        tf.math.minimum(tf.math.mul(value, tf.constant(2f)), tf.constant(MAX_SCALE));
    return List.of(
        gated.assignVariableOp(scale.handle(), tf.select(enough, doubled, value)),
        gated.assignVariableOp(steps.handle(), tf.select(enough, tf.constant(0f), now)));
  }

  /** Halves the scale after an overflow. Returns false if it is at its minimum. */
  boolean halve() {
    float now = Objects.requireNonNull(session.read(List.of(scale)).get(scale))[0];
    if (!(now > MIN_SCALE && now <= MAX_SCALE)) {
      return false;
    }
    set(now / 2);
    return true;
  }
}
