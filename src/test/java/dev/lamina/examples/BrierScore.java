package dev.lamina.examples;

import dev.lamina.metric.Metric;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

// region metric
/** The squared distance of probabilities and targets (Brier, 1950): 0 is best, 2 is worst. */
record BrierScore() implements Metric {
  @Override
  public String name() {
    return "brier_score";
  }

  @Override
  public boolean lowerIsBetter() {
    return true;
  }

  @Override
  public Operand<TFloat32> apply(Ops tf, Operand<TFloat32> outputs, Operand<TFloat32> targets) {
    return tf.reduceSum(tf.math.squaredDifference(tf.nn.softmax(outputs), targets), tf.constant(1));
  }
}
// endregion
