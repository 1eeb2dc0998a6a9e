package dev.lamina.export;

import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The weights of a network as constants of a graph. */
final class Constants {
  private Constants() {}

  /**
   * Adds a constant for each parameter.
   *
   * @return the constants by the parameters' full names, in the order of the layers
   */
  static Map<String, Operand<TFloat32>> add(Servable servable, Ops root) {
    Ops tf = root.withSubScope("weights");
    Map<String, Operand<TFloat32>> constants = new LinkedHashMap<>();
    servable
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
