package dev.lamina.inference;

import dev.lamina.network.Servable;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Adds the weights of a network to a graph as constants. */
public final class Constants {
  private Constants() {}

  /**
   * Adds a constant for each parameter.
   *
   * @return the constants by full parameter name, in the order of the layers
   */
  public static Map<String, Operand<TFloat32>> add(Servable servable, Ops root) {
    Ops tf = root.withSubScope("weights");
    Map<String, Operand<TFloat32>> constants = new LinkedHashMap<>();
    servable
        .network()
        .parameters()
        .forEach(
            (name, parameter) ->
                constants.put(
                    name,
                    tf.withName(name)
                        .constant(
                            parameter.shape(),
                            DataBuffers.of(servable.weight(name), true, false))));
    return constants;
  }
}
