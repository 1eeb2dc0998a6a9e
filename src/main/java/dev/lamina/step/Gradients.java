package dev.lamina.step;

import static com.google.common.base.Preconditions.checkState;

import dev.lamina.augment.Batch;
import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import dev.lamina.graph.Variable;
import dev.lamina.layer.GradientCheck;
import dev.lamina.metric.Metric;
import dev.lamina.network.Network;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TFloating;

/**
 * The second part of a step: forward pass, loss, backward pass, new running statistics and metrics
 * of a batch.
 *
 * <p>The loss of the batch is the mean over the examples by their weights, {@code sum(w l) /
 * sum(w)}.
 *
 * @param values the trained variables with their values in the step
 * @param contribution the contribution of the batch
 */
record Gradients(Map<Variable, Operand<TFloat32>> values, Contribution contribution) {

  /**
   * Builds this part.
   *
   * @param context the context of the pass, for training
   * @param batch the batch
   * @param options loss, metrics and frozen layers
   * @param root the operations of the graph
   * @param scale the scale of the loss; null if the precision needs none
   */
  static Gradients build(
      Context context,
      Network network,
      Batch batch,
      StepOptions options,
      Ops root,
      @Nullable LossScale scale) {
    Ops tf = root.withSubScope("loss");
    Operand<TFloat32> outputs = network.apply(context, batch.images());
    Operand<TFloat32> losses =
        Floats.expectOnePerExample("loss", options.loss().apply(tf, outputs, batch.targets()));
    Operand<TFloat32> total = tf.reduceSum(tf.math.mul(losses, batch.weights()), tf.constant(0));
    Operand<TFloat32> weight = tf.reduceSum(batch.weights(), tf.constant(0));
    Operand<TFloat32> mean = tf.math.div(total, weight);
    Map<Variable, Operand<TFloat32>> values = trained(context, options.frozen());
    Operand<TFloat32> differentiated = scale == null ? mean : scale.scaled(mean);
    Map<Variable, Operand<TFloat32>> gradients =
        differentiate(network, context, differentiated, values);
    List<Operand<TFloat32>> sums = new ArrayList<>(List.of(weight, total));
    for (Metric metric : options.metrics()) {
      Operand<TFloat32> each =
          Floats.expectOnePerExample(
              "metric " + metric.name(), metric.apply(tf, outputs, batch.targets()));
      sums.add(tf.reduceSum(tf.math.mul(each, batch.weights()), tf.constant(0)));
    }
    Operand<TFloat64> stacked = tf.dtypes.cast(tf.stack(sums), TFloat64.class);
    return new Gradients(
        values,
        new Contribution(
            mean,
            scale == null ? gradients : scale.unscaled(gradients),
            context.statistics(),
            stacked));
  }

  private static Map<Variable, Operand<TFloat32>> trained(Context context, FrozenLayers frozen) {
    Map<Variable, Operand<TFloat32>> trained = new LinkedHashMap<>(context.reads());
    trained
        .keySet()
        .removeIf(
            variable ->
                !variable.parameter().role().trainable() || frozen.contains(variable.name()));
    return trained;
  }

  private static Map<Variable, Operand<TFloat32>> differentiate(
      Network network,
      Context context,
      Operand<TFloat32> loss,
      Map<Variable, Operand<TFloat32>> values) {
    List<Output<?>> reads = new ArrayList<>();
    values.values().forEach(read -> reads.add(read.asOutput()));
    var gradients =
        GradientCheck.gradients(network.body(), network.inputShape(), context, loss, reads);
    Map<Variable, Operand<TFloat32>> byVariable = new LinkedHashMap<>();
    values.forEach(
        (variable, read) -> {
          Operand<TFloating> gradient = gradients.get(read.asOutput());
          // A loss that ignores the outputs, or a model that another thread has closed.
          checkState(
              gradient != null, "loss must depend on %s, no gradient leads there", variable.name());
          byVariable.put(variable, Floats.expectFloat32(gradient));
        });
    return byVariable;
  }
}
