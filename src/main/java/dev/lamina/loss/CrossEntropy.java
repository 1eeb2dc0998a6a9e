package dev.lamina.loss;

import static com.google.common.base.Preconditions.checkArgument;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * The mean softmax cross-entropy: {@code -sum_k q_k log softmax(logits)_k}, averaged over the
 * batch.
 *
 * <p>With label smoothing s over K classes the target is {@code q_k = (1 - s) * [k = label] + s /
 * K} (Szegedy et al., arXiv 1512.00567), as in PyTorch.
 *
 * @param labelSmoothing s; 0 unless set
 */
public record CrossEntropy(double labelSmoothing) {
  /** Checks the smoothing. */
  public CrossEntropy {
    checkArgument(
        labelSmoothing >= 0 && labelSmoothing < 1,
        "labelSmoothing must be in [0, 1), got %s",
        labelSmoothing);
  }

  /** The cross-entropy without label smoothing. */
  public static CrossEntropy create() {
    return new CrossEntropy(0);
  }

  /** With label smoothing. */
  public CrossEntropy labelSmoothing(double labelSmoothing) {
    return new CrossEntropy(labelSmoothing);
  }

  /**
   * Adds the loss to a graph.
   *
   * @param logits [N, classes]
   * @param labels [N], each in [0, classes)
   * @return a scalar
   */
  public Operand<TFloat32> apply(Ops tf, Operand<TFloat32> logits, Operand<TInt32> labels) {
    int classes = Math.toIntExact(logits.shape().get(1));
    float other = (float) (labelSmoothing / classes);
    // Dense targets: the operation on sparse labels has no gradient that Java can reach.
    Operand<TFloat32> targets =
        tf.oneHot(
            labels,
            tf.constant(classes),
            tf.constant((float) (1 - labelSmoothing) + other),
            tf.constant(other));
    return tf.math.mean(
        tf.nn.softmaxCrossEntropyWithLogits(logits, targets).loss(), tf.constant(0));
  }
}
