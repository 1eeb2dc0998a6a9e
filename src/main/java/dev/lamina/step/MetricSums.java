package dev.lamina.step;

import dev.lamina.graph.GraphSession;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.ReadVariableOp;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TFloat64;

/**
 * Loss and metrics accumulated in the graph over the steps of an epoch, so that no step has to wait
 * for its numbers to be read.
 */
final class MetricSums implements AutoCloseable {
  private final GraphSession session;
  private final List<String> names;
  private final Op update;
  private final Placeholder<TFloat64> value;
  private final Op assign;
  private final ReadVariableOp<TFloat64> read;
  private final Op destroy;

  /**
   * Builds the sums; they have no value until {@link #set}.
   *
   * @param gated operations that run only after the step was found finite
   * @param names the names of the metrics
   * @param sums what the step adds: see {@link Contribution#sums}
   */
  MetricSums(GraphSession session, Ops gated, List<String> names, Operand<TFloat64> sums) {
    this.session = session;
    this.names = names;
    Ops tf = session.ops().withSubScope("metrics");
    Shape shape = Shape.of(2L + names.size());
    // The scope makes names unique, so that a second step in the same graph has its own sums.
    String name = tf.scope().makeOpName("sums");
    VarHandleOp handle = tf.varHandleOp(TFloat64.class, shape, VarHandleOp.sharedName(name));
    update = gated.assignAddVariableOp(handle, sums);
    value = tf.placeholder(TFloat64.class, Placeholder.shape(shape));
    assign = tf.assignVariableOp(handle, value);
    read = tf.readVariableOp(handle, TFloat64.class);
    destroy = tf.destroyResourceOp(handle);
  }

  /** Returns the operation that adds a step's numbers. */
  Op update() {
    return update;
  }

  void set(EpochSums sums) {
    double[] values = new double[2 + names.size()];
    values[0] = sums.weight();
    values[1] = sums.loss();
    // The mean of a metric that was added in the middle of an epoch is not known.
    double missing = sums.weight() > 0 ? Double.NaN : 0;
    for (int i = 0; i < names.size(); i++) {
      values[2 + i] = sums.metrics().getOrDefault(names.get(i), missing);
    }
    try (TFloat64 tensor = TFloat64.vectorOf(values)) {
      session.run(runner -> runner.feed(value, tensor).addTarget(assign)).close();
    }
  }

  EpochSums read() {
    try (var result = session.run(runner -> runner.fetch(read))) {
      double[] values = StdArrays.array1dCopyOf((TFloat64) result.get(0));
      Map<String, Double> metrics = new LinkedHashMap<>();
      for (int i = 0; i < names.size(); i++) {
        metrics.put(names.get(i), values[2 + i]);
      }
      return new EpochSums(values[0], values[1], metrics);
    }
  }

  /** Frees the sums. */
  @Override
  public void close() {
    session.run(runner -> runner.addTarget(destroy)).close();
  }
}
