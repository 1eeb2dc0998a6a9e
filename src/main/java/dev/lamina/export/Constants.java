package dev.lamina.export;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Parameter;
import dev.lamina.layer.Layers;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The weights of a network as constants of a graph. */
final class Constants {
  private final Map<String, Operand<TFloat32>> constants = new HashMap<>();
  private final Map<String, float[]> weights;
  private final Ops tf;

  private Constants(Map<String, float[]> weights, Ops tf) {
    this.weights = weights;
    this.tf = tf;
  }

  /**
   * Adds a constant for each parameter.
   *
   * @return the constants by the parameters' full names
   * @throws IllegalArgumentException where the weights are not those of the network
   */
  static Map<String, Operand<TFloat32>> add(Servable servable, Ops tf) {
    Constants all = new Constants(servable.weights(), tf.withSubScope("weights"));
    for (Layers.Leaf leaf : Layers.leaves(servable.body(), servable.image())) {
      leaf.parameters().forEach(parameter -> all.add(leaf.fullName(parameter), parameter));
    }
    Set<String> unknown = new TreeSet<>(servable.weights().keySet());
    unknown.removeAll(all.constants.keySet());
    checkArgument(
        unknown.isEmpty(),
        "weights must be those of the network's parameters, got also %s",
        unknown);
    return all.constants;
  }

  private void add(String name, Parameter parameter) {
    float[] values = weights.get(name);
    checkArgument(values != null, "weights must hold every parameter, lack %s", name);
    checkArgument(
        values.length == parameter.size(),
        "%s must have %s values, got %s",
        name,
        parameter.size(),
        values.length);
    constants.put(
        name, tf.withName(name).constant(parameter.shape(), DataBuffers.of(values, true, false)));
  }
}
