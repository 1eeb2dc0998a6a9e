package dev.lamina.format;

import dev.lamina.graph.Device;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Parameter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.op.Ops;
import org.tensorflow.op.train.Restore;
import org.tensorflow.types.TFloat32;

/** Reads the variables of a SavedModel with TensorFlow's own operation. */
final class TensorBundle {
  private TensorBundle() {}

  /** Returns the values of every parameter, in row-major order, by full name. */
  static Map<String, float[]> read(Path prefix, Map<String, Parameter> parameters) {
    List<String> names = List.copyOf(parameters.keySet());
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Ops tf = session.ops();
      Restore restored =
          tf.train.restore(
              tf.constant(prefix.toString()),
              tf.array(names.stream().map(ObjectGraph::checkpointKey).toArray(String[]::new)),
              tf.array(names.stream().map(name -> "").toArray(String[]::new)),
              names.stream()
                  .<Class<? extends org.tensorflow.types.family.TType>>map(name -> TFloat32.class)
                  .toList());
      Map<String, float[]> values = new LinkedHashMap<>();
      try (var result = session.run(runner -> restored.tensors().forEach(runner::fetch))) {
        for (int i = 0; i < names.size(); i++) {
          values.put(names.get(i), GraphSession.floats(result.get(i)));
        }
      }
      return values;
    }
  }
}
