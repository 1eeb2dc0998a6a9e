package dev.lamina.optimizer;

import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * An optimizer built into a graph: the operations that update every variable, and the variables
 * that a schedule sets.
 *
 * @param learningRate the learning rate of the step; to be assigned in the run of the step itself
 * @param momentum the momentum of the step; likewise
 * @param step the number of the step counted from 1; likewise
 * @param operations run these to take the step
 * @param slots the optimizer's state
 */
public record Updates(
    Variable learningRate,
    Variable momentum,
    Variable step,
    List<Op> operations,
    List<Variable> slots) {

  /**
   * Builds the updates.
   *
   * @param before what must have run before any variable may change
   * @param values each variable's value in the step
   * @param gradients the gradients, in the order of the values
   */
  public static Updates build(
      Optimizer optimizer,
      GraphSession session,
      Ops root,
      List<Op> before,
      Map<Variable, Operand<TFloat32>> values,
      List<Operand<TFloat32>> gradients) {
    Variable learningRate = session.scalar("optimizer.learning_rate");
    Variable momentum = session.scalar("optimizer.momentum");
    Variable step = session.scalar("optimizer.step");
    Ops tf = root.withSubScope("optimizer");
    Ops gated = tf.withControlDependencies(before);
    Operand<TFloat32> rate = readAfterAssign(tf, learningRate);
    Operand<TFloat32> mass = readAfterAssign(tf, momentum);
    Operand<TFloat32> count = readAfterAssign(tf, step);
    List<Operand<TFloat32>> clipped = clip(tf, gradients, optimizer.rules().clipNorm());
    List<Op> operations = new ArrayList<>();
    List<Variable> slots = new ArrayList<>();
    int i = 0;
    for (var entry : values.entrySet()) {
      Operand<TFloat32> gradient = clipped.get(i++);
      double decay = optimizer.rules().decayOf(entry.getKey());
      if (decay > 0) {
        gradient = tf.math.add(gradient, tf.math.mul(entry.getValue(), tf.constant((float) decay)));
      }
      operations.add(
          optimizer.update(
              new Update(
                  gated,
                  entry.getKey(),
                  entry.getValue(),
                  gradient,
                  rate,
                  mass,
                  count,
                  session,
                  slots)));
    }
    return new Updates(learningRate, momentum, step, operations, slots);
  }

  private static Operand<TFloat32> readAfterAssign(Ops tf, Variable variable) {
    return tf.withControlDependencies(variable.assign())
        .readVariableOp(variable.handle(), TFloat32.class);
  }

  /** As PyTorch's clip_grad_norm_: scaled by clipNorm / (norm + 1e-6) where that is below 1. */
  private static List<Operand<TFloat32>> clip(
      Ops tf, List<Operand<TFloat32>> gradients, double clipNorm) {
    if (clipNorm == Double.POSITIVE_INFINITY) {
      return gradients;
    }
    List<Operand<TFloat32>> halfSquares = new ArrayList<>();
    gradients.forEach(gradient -> halfSquares.add(tf.nn.l2Loss(gradient)));
    Operand<TFloat32> norm = tf.math.sqrt(tf.math.mul(tf.math.addN(halfSquares), tf.constant(2f)));
    Operand<TFloat32> scale =
        tf.math.minimum(
            tf.constant(1f),
            tf.math.div(tf.constant((float) clipNorm), tf.math.add(norm, tf.constant(1e-6f))));
    List<Operand<TFloat32>> clipped = new ArrayList<>();
    gradients.forEach(gradient -> clipped.add(tf.math.mul(gradient, scale)));
    return clipped;
  }
}
