package dev.lamina.step;

import dev.lamina.distributed.Cluster;
import dev.lamina.graph.Variable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/**
 * The exchange among the workers of a cluster: the mean of their gradients over the examples of the
 * whole batch. Gradients are flattened into buckets, each summed by one collective operation as
 * soon as its gradients are there, those of the last layers first (Li et al., arXiv 2006.15704,
 * section 3.2).
 *
 * <p>Running statistics are averaged in the same way. Their update is linear and the forward pass
 * of training does not read them, so this is the average of statistics that every worker keeps for
 * itself, at every moment; and all workers have the same state.
 *
 * @param cluster the workers
 */
record AllReduce(Cluster cluster) implements Exchange {
  /** The size of buckets of PyTorch's DistributedDataParallel. */
  private static final long BUCKET_BYTES = 25L << 20;

  @Override
  public Contribution apply(Ops tf, Contribution local) {
    Operand<TFloat64> sums = cluster.sum(tf, local.sums());
    Operand<TFloat32> own = Contribution.sum(tf, local.sums(), 0);
    Operand<TFloat32> all = Contribution.sum(tf, sums, 0);
    Map<Variable, Operand<TFloat32>> gradients = new LinkedHashMap<>();
    for (Map<Variable, Operand<TFloat32>> bucket : buckets(local.gradients())) {
      gradients.putAll(mean(tf, bucket, own, all));
    }
    return new Contribution(
        tf.math.div(Contribution.sum(tf, sums, 1), all),
        gradients,
        local.statistics().isEmpty() ? Map.of() : mean(tf, local.statistics(), own, all),
        sums);
  }

  /** The backward pass computes the gradients of the last layers first. */
  private static List<Map<Variable, Operand<TFloat32>>> buckets(
      Map<Variable, Operand<TFloat32>> gradients) {
    List<Variable> reversed = new ArrayList<>(gradients.keySet());
    Collections.reverse(reversed);
    List<Map<Variable, Operand<TFloat32>>> buckets = new ArrayList<>();
    long left = 0;
    for (Variable variable : reversed) {
      if (left <= 0) {
        buckets.add(new LinkedHashMap<>());
        left = BUCKET_BYTES;
      }
      buckets.get(buckets.size() - 1).put(variable, gradients.get(variable));
      left -= variable.parameter().size() * Float.BYTES;
    }
    return buckets;
  }

  /** Returns the mean over all examples, of what each worker has as the mean over its own. */
  private Map<Variable, Operand<TFloat32>> mean(
      Ops tf,
      Map<Variable, Operand<TFloat32>> values,
      Operand<TFloat32> own,
      Operand<TFloat32> all) {
    List<Operand<TFloat32>> flat = new ArrayList<>();
    long[] sizes = new long[values.size()];
    for (Map.Entry<Variable, Operand<TFloat32>> entry : values.entrySet()) {
      sizes[flat.size()] = entry.getKey().parameter().size();
      flat.add(tf.reshape(entry.getValue(), tf.constant(new long[] {-1})));
    }
    // TensorFlow's concat takes at least two.
    Operand<TFloat32> bucket = flat.size() == 1 ? flat.get(0) : tf.concat(flat, tf.constant(0));
    // A worker without examples has means that are NaN, of weight 0.
    Operand<TFloat32> sum = cluster.sum(tf, tf.math.mulNoNan(bucket, own));
    List<Output<TFloat32>> parts =
        tf.splitV(tf.math.div(sum, all), tf.constant(sizes), tf.constant(0), (long) sizes.length)
            .output();
    Map<Variable, Operand<TFloat32>> means = new LinkedHashMap<>();
    for (Variable variable : values.keySet()) {
      Output<TFloat32> part = parts.get(means.size());
      means.put(variable, tf.reshape(part, tf.constant(variable.parameter().shape())));
    }
    return means;
  }
}
