package dev.lamina.graph;

import java.util.SplittableRandom;
import org.tensorflow.Operand;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TFloat32;

/**
 * A parameter that has become a resource variable of a graph.
 *
 * @param name its full name, the layers' names joined by dots: {@code layer1.0.main.0.weight}
 * @param parameter what the layer declared
 * @param handle the resource
 * @param read one read of it, for fetching; what is differentiated makes its own
 * @param value the placeholder that an assignment feeds
 * @param assign the operation that assigns what was fed
 */
public record Variable(
    String name,
    Parameter parameter,
    VarHandleOp handle,
    Operand<TFloat32> read,
    Placeholder<TFloat32> value,
    org.tensorflow.op.core.AssignVariableOp assign) {

  /** The first values for a seed. */
  public float[] initialValues(long seed) {
    return parameter.initializer().sample(parameter, new SplittableRandom(Seeds.of(seed, name)));
  }
}
