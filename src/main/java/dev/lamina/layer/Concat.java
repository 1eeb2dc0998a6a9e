package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

/**
 * Concatenates the channels of branches with the same input. The shapes of the branches may differ
 * only in the last dimension; the branches are named by their indices, from 0. An empty {@link
 * Sequential} is the identity.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>branches</td><td>[height, width, channels0], [height, width, channels1], ... or [features0], ...</td></tr>
 * <tr><td>output</td><td>[height, width, channels0 + channels1 + ...] or [features0 + ...]</td></tr>
 * </table>
 *
 * @param branches the branches
 */
public record Concat(List<Layer> branches) implements Layer {
  /** Checks that there is at least one branch. */
  public Concat {
    branches = Branches.check(branches);
  }

  /** Returns the concatenation of branches. */
  public static Concat of(Layer... branches) {
    return new Concat(List.of(branches));
  }

  @Override
  public Shape outputShape(Shape input) {
    List<Shape> shapes = Branches.outputShapes(branches, input);
    Shape first = shapes.get(0);
    int last = first.numDimensions() - 1;
    long channels = Shapes.channels(first);
    for (int i = 1; i < shapes.size(); i++) {
      Shape shape = shapes.get(i);
      checkArgument(
          shape.numDimensions() == first.numDimensions()
              && shape.take(last).equals(first.take(last)),
          "branches of Concat must differ only in channels, got %s from branch 0 and %s from branch %s",
          Shapes.text(first),
          Shapes.text(shape),
          i);
      channels += Shapes.channels(shape);
    }
    return first.take(last).append(channels);
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
    List<Operand<TFloating>> outputs = Branches.build(branches, context, input);
    // TensorFlow takes two at least.
    return outputs.size() == 1
        ? outputs.get(0)
        : context.tf().concat(outputs, context.tf().constant(-1));
  }
}
