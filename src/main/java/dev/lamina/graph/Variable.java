package dev.lamina.graph;

import java.util.SplittableRandom;
import org.tensorflow.Operand;
import org.tensorflow.op.core.AssignVariableOp;
import org.tensorflow.op.core.DestroyResourceOp;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TFloat32;

/**
 * A parameter that has become a resource variable of a graph.
 *
 * @param name its full name, the layers' names joined by dots: {@code layer1.0.main.0.weight}
 * @param kind its purpose
 * @param parameter what the layer declared
 * @param handle the resource
 * @param read a read of it, for fetching; passes that are differentiated create their own
 * @param value the placeholder that an assignment feeds
 * @param assign the operation that assigns the fed value
 * @param destroy the operation that frees its memory; made with the others, because TensorFlow
 *     builds the whole graph again before a run of what has been added since the last one
 */
public record Variable(
    String name,
    StateKind kind,
    Parameter parameter,
    VarHandleOp handle,
    Operand<TFloat32> read,
    Placeholder<TFloat32> value,
    AssignVariableOp assign,
    DestroyResourceOp destroy) {

  /** Returns the initial values for a seed. */
  public float[] initialValues(long seed) {
    return parameter
        .initializer()
        .sample(parameter, new SplittableRandom(Seeds.deriveSeed(seed, name)));
  }
}
