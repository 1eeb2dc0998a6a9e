package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

/**
 * The sum of branches that all see the input: {@code y = branch0(x) + branch1(x) + ...}. The
 * branches must give one shape and are named after their places, from 0. An empty {@link
 * Sequential} is the identity.
 *
 * @param branches the branches
 */
public record Add(List<Layer> branches) implements Layer {
  /** Checks that there are branches. */
  public Add {
    branches = Branches.check(branches);
  }

  /** The sum of branches. */
  public static Add of(Layer... branches) {
    return new Add(List.of(branches));
  }

  @Override
  public Shape outputShape(Shape input) {
    List<Shape> shapes = Branches.outputShapes(branches, input);
    for (int i = 1; i < shapes.size(); i++) {
      checkArgument(
          shapes.get(i).equals(shapes.get(0)),
          "branches of Add must give one shape, got %s from branch 0 and %s from branch %s",
          Shapes.text(shapes.get(0)),
          Shapes.text(shapes.get(i)),
          i);
    }
    return shapes.get(0);
  }

  @Override
  public List<Child> children(Shape input) {
    return Branches.children(branches, input);
  }

  @Override
  public boolean anyPrecision() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    return Branches.build(branches, context, input).stream()
        .reduce(context.tf().math::add)
        .orElseThrow();
  }
}
