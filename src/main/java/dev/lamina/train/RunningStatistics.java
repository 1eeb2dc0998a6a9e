package dev.lamina.train;

import dev.lamina.graph.Role;
import dev.lamina.graph.Variable;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Layers;
import dev.lamina.model.Model;
import dev.lamina.model.Weights;
import dev.lamina.pipeline.BatchOrder;
import dev.lamina.step.FrozenLayers;
import dev.lamina.step.TrainStep;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Computes the running statistics of batch norms for other weights than those they were trained
 * with: the mean of the statistics of all batches of an epoch, as PyTorch's {@code update_bn} does.
 */
final class RunningStatistics {
  private RunningStatistics() {}

  /**
   * Returns the weights with new running statistics; those of frozen layers stay. The model is
   * unchanged afterwards; predictions of other threads wait, or use its weights before.
   *
   * @param first the first step of the epoch whose batches are used
   */
  static Weights compute(
      Model model,
      TrainStep step,
      FrozenLayers frozen,
      BatchOrder order,
      long first,
      Weights weights) {
    Map<String, Double> momenta = momenta(model, frozen);
    Map<String, float[]> values = new LinkedHashMap<>(weights.asMap());
    // Of zeros, momentum * batch remains.
    momenta
        .keySet()
        .forEach(name -> values.computeIfPresent(name, (n, old) -> new float[old.length]));
    Map<String, double[]> sums = new LinkedHashMap<>();
    int batches =
        model.session().change(() -> sum(model, step, order, first, Weights.of(values), sums));
    values.putAll(weights.asMap());
    for (Map.Entry<String, double[]> sum : sums.entrySet()) {
      Double momentum = momenta.get(sum.getKey());
      if (momentum != null) {
        values.put(sum.getKey(), mean(sum.getValue(), momentum * batches));
      }
    }
    return Weights.of(values);
  }

  /** Adds up the statistics of the batches of an epoch, and returns their number. */
  private static int sum(
      Model model,
      TrainStep step,
      BatchOrder order,
      long first,
      Weights weights,
      Map<String, double[]> sums) {
    int batches = 0;
    Weights before = model.weights();
    model.assign(weights);
    try {
      for (long at = first; at < first + order.stepsPerEpoch(); at++) {
        Map<Variable, float[]> statistics = step.statistics(order.batch(at), at);
        batches += statistics.isEmpty() ? 0 : 1; // A worker may have no image of a short batch.
        statistics.forEach((variable, batch) -> add(sums, variable, batch));
      }
    } finally {
      model.assign(before);
    }
    return batches;
  }

  /** Returns those of the statistics that the step computes. */
  private static Map<String, Double> momenta(Model model, FrozenLayers frozen) {
    Map<String, Double> momenta = new LinkedHashMap<>();
    for (Layers.LayerNode node :
        Layers.nodes(model.network().body(), model.network().inputShape())) {
      if (node.layer() instanceof BatchNorm norm) {
        node.parameters().stream()
            .filter(parameter -> parameter.role() == Role.STATISTIC)
            .map(node::fullName)
            .filter(name -> !frozen.contains(name))
            .forEach(name -> momenta.put(name, norm.momentum()));
      }
    }
    return momenta;
  }

  private static void add(Map<String, double[]> sums, Variable variable, float[] batch) {
    double[] sum = sums.computeIfAbsent(variable.name(), name -> new double[batch.length]);
    for (int i = 0; i < batch.length; i++) {
      sum[i] += batch[i];
    }
  }

  private static float[] mean(double[] sum, double divisor) {
    float[] mean = new float[sum.length];
    for (int i = 0; i < mean.length; i++) {
      mean[i] = (float) (sum[i] / divisor);
    }
    return mean;
  }
}
