package dev.lamina.metric;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * Whether an example is recognised: 1 where the largest output is that of the class with the
 * largest target, else 0. The mean is the accuracy.
 */
public record Accuracy() implements Metric {
  /** Returns the metric. */
  public static Accuracy create() {
    return new Accuracy();
  }

  @Override
  public String name() {
    return "accuracy";
  }

  @Override
  public Operand<TFloat32> apply(Ops tf, Operand<TFloat32> outputs, Operand<TFloat32> targets) {
    Operand<TInt64> predicted = tf.math.argMax(outputs, tf.constant(1));
    Operand<TInt64> expected = tf.math.argMax(targets, tf.constant(1));
    return tf.dtypes.cast(tf.math.equal(predicted, expected), TFloat32.class);
  }
}
