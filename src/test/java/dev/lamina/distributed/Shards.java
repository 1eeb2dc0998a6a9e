package dev.lamina.distributed;

import com.google.common.primitives.Ints;
import dev.lamina.data.Shard;
import dev.lamina.data.Shuffled;
import dev.lamina.distributed.WorkerProcess.Norms;
import dev.lamina.model.Model;
import dev.lamina.model.Weights;
import dev.lamina.pipeline.BatchOrder;
import dev.lamina.step.TrainStep;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** One process that takes the shares of several workers, one after the other. */
final class Shards {
  private Shards() {}

  /**
   * Takes each step with every share of the batch from the same weights. Without momentum the mean
   * of the results is the step with the mean of the gradients, and the running statistics are the
   * mean of those of the shares. With one share it is a usual training.
   */
  static Weights train(Norms norms, int count) {
    return train(norms, count, 0);
  }

  /**
   * As that; with another seed than 0 the images of each share are in another order, and random
   * numbers as small as rounding is are added to the initial weights.
   */
  static Weights train(Norms norms, int count, long seed) {
    double momentum = WorkerProcess.isOfShares(norms) ? 0 : 0.9;
    try (Model model = Model.of(WorkerProcess.network(norms), WorkerProcess.SEED);
        TrainStep step = WorkerProcess.trainer(norms).step(model, WorkerProcess.images())) {
      BatchOrder order =
          new BatchOrder(WorkerProcess.images(), Shuffled.create(), WorkerProcess.BATCH, false, 0);
      if (seed != 0) {
        model.assign(perturbed(model.weights(), new Random(seed)));
      }
      for (int i = 0; i < 4 * order.stepsPerEpoch(); i++) {
        int[] batch = order.batch(i);
        Weights before = model.weights();
        Map<String, double[]> mean = new LinkedHashMap<>();
        for (int shard = 0; shard < count; shard++) {
          int[] share = new Shard(shard, count).of(batch);
          if (seed != 0) {
            Collections.shuffle(Ints.asList(share), new Random(seed));
          }
          if (share.length > 0) {
            model.assign(before);
            step.run(share, i, WorkerProcess.rate(norms), momentum);
            add(mean, model.weights(), (double) share.length / batch.length);
          }
        }
        model.assign(weights(mean));
      }
      return model.weights();
    }
  }

  private static Weights perturbed(Weights weights, Random random) {
    Map<String, float[]> values = new LinkedHashMap<>();
    weights
        .asMap()
        .forEach(
            (name, each) -> {
              float[] changed = each.clone();
              for (int i = 0; i < changed.length; i++) {
                changed[i] += Math.ulp(changed[i]) * (random.nextInt(3) - 1);
              }
              values.put(name, changed);
            });
    return Weights.of(values);
  }

  private static void add(Map<String, double[]> sums, Weights weights, double share) {
    weights
        .asMap()
        .forEach(
            (name, values) -> {
              double[] sum = sums.computeIfAbsent(name, key -> new double[values.length]);
              for (int i = 0; i < sum.length; i++) {
                sum[i] += share * values[i];
              }
            });
  }

  private static Weights weights(Map<String, double[]> values) {
    Map<String, float[]> rounded = new LinkedHashMap<>();
    values.forEach(
        (name, each) -> {
          float[] floats = new float[each.length];
          for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) each[i];
          }
          rounded.put(name, floats);
        });
    return Weights.of(rounded);
  }

  /** Returns the largest difference of two weights. */
  static double difference(Weights first, Weights second) {
    double largest = 0;
    for (Map.Entry<String, float[]> weights : first.asMap().entrySet()) {
      float[] others = second.get(weights.getKey());
      for (int i = 0; i < others.length; i++) {
        largest = Math.max(largest, Math.abs(weights.getValue()[i] - others[i]));
      }
    }
    return largest;
  }
}
