package dev.lamina.examples;

import dev.lamina.loss.CrossEntropy;
import dev.lamina.loss.Loss;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Cross-entropy that counts examples less the better they are recognised (focal loss; Lin et al.,
 * arXiv 1708.02002): {@code (1 - p)^gamma * -log p}, where p is the probability of the target.
 *
 * @param gamma the exponent; 0 is the plain cross-entropy
 */
// region loss
record FocalLoss(double gamma) implements Loss {
  @Override
  public Operand<TFloat32> apply(Ops tf, Operand<TFloat32> outputs, Operand<TFloat32> targets) {
    Operand<TFloat32> entropy = CrossEntropy.create().apply(tf, outputs, targets);
    Operand<TFloat32> p = tf.math.exp(tf.math.neg(entropy));
    return tf.math.mul(
        tf.math.pow(tf.math.sub(tf.constant(1f), p), tf.constant((float) gamma)), entropy);
  }
}
// endregion
