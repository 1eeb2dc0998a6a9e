package dev.lamina.step;

import dev.lamina.augment.Batch;
import dev.lamina.graph.Device;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Variable;
import dev.lamina.pipeline.BatchPipeline;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TType;

/**
 * The contribution of a batch that several devices of one process share ({@link Device#gpus}):
 * forward and backward pass are built once, for the first device, and copied to the others. The
 * variables stay on the first; every step the others get their values and give it gradients.
 *
 * <p>Every device normalises by the statistics of its shard and draws for itself; gradients and
 * running statistics are averaged by the weights of the examples. It is the step of as many workers
 * with a device each.
 */
final class Replicas {
  private Replicas() {}

  /**
   * Builds the mean of the contributions of all devices.
   *
   * @param pipelines the shard of each device
   * @param first the contribution of the first device
   */
  static Contribution mean(
      GraphSession session, List<BatchPipeline> pipelines, Contribution first) {
    if (pipelines.size() == 1) {
      return first;
    }
    Ops root = session.ops();
    List<Contribution> all = new ArrayList<>(List.of(first));
    for (int number = 1; number < pipelines.size(); number++) {
      Ops tf = session.device().place(root.withSubScope("replica"), number);
      all.add(copy(tf, pipelines.get(0), pipelines.get(number), first));
    }
    return mean(root.withSubScope("replicas"), all);
  }

  private static Contribution copy(
      Ops tf, BatchPipeline from, BatchPipeline to, Contribution first) {
    Map<Operand<?>, Operand<?>> inputs = new LinkedHashMap<>();
    Batch original = from.batch();
    inputs.put(original.images(), to.batch().images());
    inputs.put(original.targets(), to.batch().targets());
    inputs.put(original.weights(), to.batch().weights());
    inputs.put(from.key(), to.key());
    List<Op> outputs = new ArrayList<>(List.of(first.loss(), first.sums()));
    outputs.addAll(first.gradients().values());
    outputs.addAll(first.statistics().values());
    GraphCopy copy = new GraphCopy(tf, inputs, builder -> {}, outputs);
    return new Contribution(
        copy.of(first.loss()),
        copies(copy, first.gradients()),
        copies(copy, first.statistics()),
        copy.of(first.sums()));
  }

  private static <T extends TType> Map<Variable, Operand<T>> copies(
      GraphCopy copy, Map<Variable, Operand<T>> originals) {
    Map<Variable, Operand<T>> copies = new LinkedHashMap<>();
    originals.forEach((variable, original) -> copies.put(variable, copy.of(original)));
    return copies;
  }

  private static Contribution mean(Ops tf, List<Contribution> all) {
    Operand<TFloat64> sums = tf.math.addN(all.stream().map(Contribution::sums).toList());
    Operand<TFloat32> weight = Contribution.sum(tf, sums, 0);
    List<Operand<TFloat32>> weights =
        all.stream().map(each -> Contribution.sum(tf, each.sums(), 0)).toList();
    return new Contribution(
        tf.math.div(Contribution.sum(tf, sums, 1), weight),
        mean(tf, all, weights, weight, Contribution::gradients),
        mean(tf, all, weights, weight, Contribution::statistics),
        sums);
  }

  private static Map<Variable, Operand<TFloat32>> mean(
      Ops tf,
      List<Contribution> all,
      List<Operand<TFloat32>> weights,
      Operand<TFloat32> weight,
      Function<Contribution, Map<Variable, Operand<TFloat32>>> part) {
    Map<Variable, Operand<TFloat32>> means = new LinkedHashMap<>();
    for (Variable variable : part.apply(all.get(0)).keySet()) {
      List<Operand<TFloat32>> weighted = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        Operand<TFloat32> value = Objects.requireNonNull(part.apply(all.get(i)).get(variable));
        // A device without examples has means that are NaN, of weight 0.
        weighted.add(tf.math.mulNoNan(value, weights.get(i)));
      }
      means.put(variable, tf.math.div(tf.math.addN(weighted), weight));
    }
    return means;
  }
}
