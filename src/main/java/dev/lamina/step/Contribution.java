package dev.lamina.step;

import dev.lamina.graph.Variable;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/**
 * The contribution of one batch, or one shard of it, to a step, which an {@link Exchange} combines
 * with others.
 *
 * @param loss the mean loss of the examples, a scalar
 * @param gradients the gradient of the mean loss with respect to each trained variable
 * @param statistics the new running statistics
 * @param sums float64 [2 + metrics]: the sum of the examples' weights, of their losses and of each
 *     metric, each multiplied by its example's weight
 */
public record Contribution(
    Operand<TFloat32> loss,
    Map<Variable, Operand<TFloat32>> gradients,
    Map<Variable, Operand<TFloat32>> statistics,
    Operand<TFloat64> sums) {

  /** Returns one of the sums of a contribution, to compute with. */
  static Operand<TFloat32> sum(Ops tf, Operand<TFloat64> sums, int index) {
    return tf.dtypes.cast(tf.gather(sums, tf.constant(index), tf.constant(0)), TFloat32.class);
  }
}
