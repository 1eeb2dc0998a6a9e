package dev.lamina.train;

import dev.lamina.graph.GraphSession;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.ReadVariableOp;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;

/** Sums over steps, kept in the graph, so that no step has to wait for its numbers to be read. */
final class MetricSums {
  /**
   * The sums.
   *
   * @param images the number of images
   * @param loss the sum of their losses
   * @param correct how many were recognised
   */
  record Sums(double images, double loss, double correct) {
    static final Sums ZERO = new Sums(0, 0, 0);
  }

  private final GraphSession session;
  private final Op update;
  private final Placeholder<TFloat64> value;
  private final Op assign;
  private final ReadVariableOp<TFloat64> sums;

  /**
   * Builds the sums; they have no value until {@link #set}.
   *
   * @param gated operations that run when nothing can fail any more in the step
   * @param loss the mean loss of the batch
   * @param logits [N, classes]
   * @param labels [N]
   */
  MetricSums(
      GraphSession session,
      Ops gated,
      Operand<TFloat32> loss,
      Operand<TFloat32> logits,
      Operand<TInt32> labels) {
    this.session = session;
    Ops tf = session.ops().withSubScope("metrics");
    // The scope makes names unique, so that a second step in the same graph has its own sums.
    String name = tf.scope().makeOpName("sums");
    VarHandleOp handle = tf.varHandleOp(TFloat64.class, Shape.of(3), VarHandleOp.sharedName(name));
    Operand<TInt32> predicted = tf.math.argMax(logits, tf.constant(1), TInt32.class);
    Operand<TFloat64> correct =
        tf.reduceSum(
            tf.dtypes.cast(tf.math.equal(predicted, labels), TFloat64.class), tf.constant(0));
    Operand<TFloat64> images = tf.dtypes.cast(tf.size(labels), TFloat64.class);
    Operand<TFloat64> lossSum = tf.math.mul(tf.dtypes.cast(loss, TFloat64.class), images);
    update = gated.assignAddVariableOp(handle, tf.stack(List.of(images, lossSum, correct)));
    value = tf.placeholder(TFloat64.class, Placeholder.shape(Shape.of(3)));
    assign = tf.assignVariableOp(handle, value);
    sums = tf.readVariableOp(handle, TFloat64.class);
  }

  /** To be run in every step. */
  Op update() {
    return update;
  }

  void set(Sums to) {
    try (TFloat64 values = TFloat64.vectorOf(to.images(), to.loss(), to.correct())) {
      session.run(runner -> runner.feed(value, values).addTarget(assign)).close();
    }
  }

  Sums read() {
    try (var result = session.run(runner -> runner.fetch(sums))) {
      TFloat64 values = (TFloat64) result.get(0);
      return new Sums(values.getDouble(0), values.getDouble(1), values.getDouble(2));
    }
  }
}
