package dev.lamina.step;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.data.Shard;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.State;
import dev.lamina.graph.StateKind;
import dev.lamina.graph.Variable;
import dev.lamina.pipeline.BatchOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/**
 * The contribution of a batch that is computed in micro-batches, one run after another, so that
 * memory holds the activations of one of them only: the mean over all examples. The run of the last
 * micro-batch adds what the runs before have kept, and takes the step.
 *
 * <p>The gradients are those of the whole batch, to rounding, unless a layer looks at more than one
 * example: batch norm normalises by the statistics of the micro-batch, as in PyTorch. Running
 * statistics are moved once in each step, by the mean of those of the micro-batches, as they are
 * among several workers.
 *
 * <p>The sums are no part of a checkpoint: they matter only within a step.
 */
final class Accumulation implements AutoCloseable {
  private final int metrics;
  private final State kept;
  private final Placeholder<TFloat64> before;
  private final Operand<TFloat64> sums;
  private final Op keep;
  private final Contribution whole;

  /**
   * Builds the sums.
   *
   * @param metrics the number of metrics
   * @param local the contribution of a micro-batch
   */
  Accumulation(GraphSession session, int metrics, Contribution local) {
    this.metrics = metrics;
    kept = new State(session, List.of());
    Ops tf = session.ops().withSubScope("accumulation");
    before = tf.placeholder(TFloat64.class, Placeholder.shape(Shape.of(2L + metrics)));
    sums = tf.math.add(before, local.sums());
    Operand<TBool> continued = tf.math.greater(Contribution.sum(tf, before, 0), tf.constant(0f));
    Operand<TFloat32> weight = Contribution.sum(tf, local.sums(), 0);
    Operand<TFloat32> allWeights = Contribution.sum(tf, sums, 0);
    List<Op> assigns = new ArrayList<>();
    Map<Variable, Operand<TFloat32>> gradients = new LinkedHashMap<>();
    Map<Variable, Operand<TFloat32>> statistics = new LinkedHashMap<>();
    for (var values : List.of(local.gradients(), local.statistics())) {
      values.forEach(
          (variable, value) -> {
            Variable sum =
                kept.add(
                    "accumulated." + variable.name(),
                    StateKind.OPTIMIZER_SLOT,
                    variable.parameter().shape());
            Operand<TFloat32> old =
                tf.select(
                    continued, tf.readVariableOp(sum.handle(), TFloat32.class), tf.constant(0f));
            // Without examples a mean is NaN, of weight 0.
            Operand<TFloat32> now = tf.math.add(old, tf.math.mulNoNan(value, weight));
            assigns.add(tf.assignVariableOp(sum.handle(), now));
            (values == local.gradients() ? gradients : statistics)
                .put(variable, tf.math.div(now, allWeights));
          });
    }
    keep = tf.withControlDependencies(assigns).noOp();
    Operand<TFloat32> loss = tf.math.div(Contribution.sum(tf, sums, 1), allWeights);
    whole = new Contribution(loss, gradients, statistics, sums);
  }

  /** Allocates the sums; before that no micro-batch can be added. */
  void clear() {
    kept.clear();
  }

  /** Returns the contribution of the whole batch, in the run of its last micro-batch. */
  Contribution whole() {
    return whole;
  }

  /**
   * Divides a batch into micro-batches whose sizes differ by at most 1; of a batch with fewer
   * images than micro-batches each has one.
   *
   * @param images the number of images that the indices of a batch are of
   * @throws IllegalArgumentException if the batch is empty, or has another index
   */
  static List<int[]> divide(int[] batch, int parts, int images) {
    checkArgument(batch.length > 0, "batch must not be empty");
    BatchOrder.checkIndices("batch", batch, images);
    int count = Math.min(parts, batch.length);
    List<int[]> divided = new ArrayList<>();
    for (int part = 0; part < count; part++) {
      divided.add(new Shard(part, count).of(batch));
    }
    return divided;
  }

  /** Returns what runs for a micro-batch that is not the last. */
  List<Op> operations() {
    return List.of(sums, keep);
  }

  /** Returns the sums before the first micro-batch. */
  double[] start() {
    return new double[2 + metrics];
  }

  /** Feeds the sums of the micro-batches before; close the result after the run. */
  TFloat64 feed(Session.Runner runner, double[] sumsBefore) {
    TFloat64 tensor = TFloat64.vectorOf(sumsBefore);
    runner.feed(before, tensor);
    return tensor;
  }

  /** Runs a micro-batch that is not the last; returns the sums up to it. */
  double[] add(Session.Runner runner, GraphCopy form) {
    try (Result result = runner.fetch(form.of(sums)).addTarget(form.of(keep)).run()) {
      return StdArrays.array1dCopyOf((TFloat64) result.get(0));
    }
  }

  /** Frees the sums. */
  @Override
  public void close() {
    kept.close();
  }
}
