package dev.lamina.metric;

import static com.google.common.base.Preconditions.checkArgument;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * Whether the class is among the k most likely: 1 if fewer than k outputs are larger than the
 * output of the class with the largest target, else 0. The mean is the top-k accuracy.
 *
 * <p>Of equal targets the first counts. An output equal to that of the class is not larger than it,
 * so a class whose output ties with the k-th largest is among them; {@link Accuracy}, of equal
 * outputs, predicts the first. An example with an output that is not finite counts as 0. All this
 * is as in Keras's {@code TopKCategoricalAccuracy}.
 *
 * @param k how many classes are looked at, at least 1
 */
public record TopK(int k) implements Metric {
  /**
   * Creates a metric.
   *
   * @throws IllegalArgumentException if {@code k} is less than 1
   */
  public TopK {
    checkArgument(k >= 1, "k must be at least 1, got %s", k);
  }

  /** Returns the metric of the {@code k} most likely classes. */
  public static TopK of(int k) {
    return new TopK(k);
  }

  /** Returns {@code top_5_accuracy} for a k of 5. */
  @Override
  public String name() {
    return "top_" + k + "_accuracy";
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if there are fewer than k classes
   */
  @Override
  public Operand<TFloat32> apply(Ops tf, Operand<TFloat32> outputs, Operand<TFloat32> targets) {
    long classes = outputs.shape().get(1);
    checkArgument(k <= classes, "k must be at most the number of classes, %s, got %s", classes, k);
    Operand<TInt64> expected = tf.math.argMax(targets, tf.constant(1));
    return tf.dtypes.cast(
        tf.nn.inTopK(outputs, expected, tf.constant((long) k)).precision(), TFloat32.class);
  }
}
