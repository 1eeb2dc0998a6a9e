package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphOps;
import java.util.Set;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/**
 * A layer without parameters, written in TensorFlow operations:
 *
 * <pre>{@code
 * Lambda.of("square", (tf, x) -> tf.math.square(x))
 * Lambda.of("softsign", new Softsign()::call) // of org.tensorflow.framework.activations
 * }</pre>
 *
 * <p>It computes in float32, and the same function in training and inference. Its output shape is
 * inferred by building it into a temporary graph, so the shape must not depend on values. Implement
 * {@link Layer} instead for parameters, random numbers, or a different function in training.
 *
 * @param name its name in tables and messages: letters, digits, underscores and hyphens
 * @param body builds its operations
 */
public record Lambda(String name, Body body) implements Layer {
  private static final Set<String> VARIABLES = Set.of("VarHandleOp", "VariableV2", "Variable");

  /** The function of a {@link Lambda}. */
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

  /** Checks the characters of the name. */
  public Lambda {
    Names.check(name);
  }

  /** Returns a layer with the given function. */
  public static Lambda of(String name, Body body) {
    return new Lambda(name, body);
  }

  @Override
  public Shape outputShape(Shape input) {
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
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
    return Floats.asFloating(body.apply(context.tf(), Floats.expectFloat32(input)));
  }

  @Override
  public String kind() {
    return "Lambda " + name;
  }
}
