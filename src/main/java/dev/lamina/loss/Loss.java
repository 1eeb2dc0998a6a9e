package dev.lamina.loss;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * What training minimises: a function of a network's outputs and the targets, one number for each
 * example. The training step averages these numbers over the batch with the examples' weights.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>outputs</td><td>float32 [N, classes]: what the network gives, logits for a classifier</td></tr>
 * <tr><td>targets</td><td>float32 [N, classes]: one-hot classes, or a distribution over the classes</td></tr>
 * <tr><td>result</td><td>float32 [N]</td></tr>
 * </table>
 *
 * <p>A loss of one's own is a lambda, or a record that implements this interface:
 *
 * <pre>{@code
 * Loss squared = (tf, outputs, targets) ->
 *     tf.math.mean(tf.math.squaredDifference(tf.nn.softmax(outputs), targets), tf.constant(1));
 * }</pre>
 *
 * <p>It must be built of operations that TensorFlow can differentiate from Java.
 */
@FunctionalInterface
public interface Loss {
  /**
   * Adds the loss to a graph.
   *
   * @param tf where the operations go
   * @param outputs float32 [N, classes]
   * @param targets float32 [N, classes]
   * @return the loss of each example, float32 [N]
   */
  Operand<TFloat32> apply(Ops tf, Operand<TFloat32> outputs, Operand<TFloat32> targets);
}
