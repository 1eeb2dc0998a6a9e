package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

/**
 * The sum of branches with the same input: {@code y = branch0(x) + branch1(x) + ...}. The branches
 * must have the same output shape and are named by their indices, from 0. An empty {@link
 * Sequential} is the identity.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input</td><td>any that every branch accepts</td></tr>
 * <tr><td>branches</td><td>all the same</td></tr>
 * <tr><td>output</td><td>the shape of the branches</td></tr>
 * </table>
 *
 * @param branches the branches
 */
public record Add(List<Layer> branches) implements Layer {
  /** Checks that there is at least one branch. */
  public Add {
    branches = Branches.check(branches);
  }

  /** Returns the sum of branches. */
  public static Add of(Layer... branches) {
    return new Add(List.of(branches));
  }

  @Override
  public Shape outputShape(Shape input) {
    List<Shape> shapes = Branches.outputShapes(branches, input);
    for (int i = 1; i < shapes.size(); i++) {
      checkArgument(
          shapes.get(i).equals(shapes.get(0)),
          "branches of Add must have the same output shape, got %s from branch 0 and %s from branch %s",
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
  public boolean acceptsAnyFloatType() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    return Branches.build(branches, context, input).stream()
        .reduce(context.tf().math::add)
        .orElseThrow();
  }
}
