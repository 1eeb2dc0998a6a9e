package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

/** Shared by the layers that apply several branches, named by their indices, to one input. */
final class Branches {
  private Branches() {}

  static List<Layer> check(List<Layer> branches) {
    checkArgument(!branches.isEmpty(), "branches must not be empty");
    return List.copyOf(branches);
  }

  static List<Shape> outputShapes(List<Layer> branches, Shape input) {
    return branches.stream().map(branch -> branch.outputShape(input)).toList();
  }

  static List<Layer.Child> children(List<Layer> branches, Shape input) {
    List<Layer.Child> children = new ArrayList<>();
    for (Layer branch : branches) {
      children.add(new Layer.Child(Integer.toString(children.size()), branch, input));
    }
    return children;
  }

  static List<Operand<TFloating>> build(
      List<Layer> branches, Context context, Operand<TFloating> input) {
    List<Operand<TFloating>> outputs = new ArrayList<>();
    for (Layer branch : branches) {
      Operand<TFloating> output =
          Layers.build(context.child(Integer.toString(outputs.size())), branch, input);
      // All outputs get the type of the first branch's.
      outputs.add(
          outputs.isEmpty() ? output : Floats.cast(context.tf(), output, outputs.get(0).type()));
    }
    return outputs;
  }
}
