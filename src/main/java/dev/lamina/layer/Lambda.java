package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import java.util.Set;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/**
 * A layer without parameters, written in TensorFlow's own operations:
 *
 * <pre>{@code
 * Lambda.of("square", (tf, x) -> tf.math.square(x))
 * }</pre>
 *
 * <p>It computes in float32, the same in training and in inference. Its output shape is found by
 * building it into a graph that is thrown away, so it must not depend on values. What has
 * parameters, draws random numbers or behaves differently in training is a {@link Layer} of its
 * own.
 *
 * @param name its name in tables and messages: letters, digits, underscores and hyphens
 * @param body what it builds
 */
public record Lambda(String name, Body body) implements Layer {
  private static final Set<String> VARIABLES = Set.of("VarHandleOp", "VariableV2", "Variable");

  /** What a {@link Lambda} builds. */
  @FunctionalInterface
  public interface Body {
    /**
     * Builds the operations.
     *
     * @param tf the operations, under the layer's name
     * @param x the input; the first dimension is the batch
     * @return the output; the first dimension is the batch
     */
    Operand<TFloat32> apply(Ops tf, Operand<TFloat32> x);
  }

  /** Checks the name. */
  public Lambda {
    Names.check(name);
  }

  /** A layer out of operations. */
  public static Lambda of(String name, Body body) {
    return new Lambda(name, body);
  }

  @Override
  public Shape outputShape(Shape input) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Shape built =
          body.apply(tf, tf.placeholder(TFloat32.class, Placeholder.shape(input.prepend(-1))))
              .shape();
      graph
          .operations()
          .forEachRemaining(
              operation ->
                  checkArgument(
                      !VARIABLES.contains(operation.type()),
                      "%s must not create variables; write a Layer with parameters instead",
                      kind()));
      checkArgument(
          built.numDimensions() > 0
              && built.get(0) == Shape.UNKNOWN_SIZE
              && !built.tail().hasUnknownDimension(),
          "output of %s must be [batch, known sizes], got %s",
          kind(),
          Shapes.text(built));
      return built.tail();
    }
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    return Floats.wide(body.apply(context.tf(), Floats.float32(input)));
  }

  @Override
  public String kind() {
    return "Lambda " + name;
  }
}
