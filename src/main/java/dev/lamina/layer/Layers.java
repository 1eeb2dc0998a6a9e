package dev.lamina.layer;

import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Variable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/** What is done with any layer: building it, walking its parts, creating its variables. */
public final class Layers {
  private Layers() {}

  /**
   * A layer as it stands in a network: one without children, or one that adds parameters or
   * multiplications of its own to those of its children.
   *
   * @param path its full name, the layers' names joined by dots; empty at the root
   * @param layer the layer
   * @param input the shape of one example that reaches it
   * @param output the shape of one example that leaves it
   * @param parameters its own parameters
   * @param multiplyAdds its own multiplications with addition for one example
   */
  public record Leaf(
      String path,
      Layer layer,
      Shape input,
      Shape output,
      List<Parameter> parameters,
      long multiplyAdds) {
    /** Takes a copy. */
    public Leaf {
      parameters = List.copyOf(parameters);
    }

    /** The full name of one of its parameters: {@code layer1.0.main.0.weight}. */
    public String fullName(Parameter parameter) {
      return Context.join(path, parameter.name());
    }
  }

  /**
   * Builds a layer and holds it to its shape rule. What contains layers builds them with this.
   *
   * @param context the layer's own context, which names it
   * @param layer the layer
   * @param input what goes in; the first dimension is the batch, the others are known
   * @throws IllegalArgumentException where the layer refuses the input's shape
   * @throws IllegalStateException where it builds another shape than it predicts
   */
  public static Operand<TFloating> build(Context context, Layer layer, Operand<TFloating> input) {
    Shape predicted = layer.outputShape(input.shape().tail()).prepend(input.shape().get(0));
    // Each layer is differentiated by itself; where several take one input, their gradients meet
    // here.
    Operand<TFloating> own = context.withGradient(List.of(input), input, List::of);
    Operand<TFloating> taken =
        layer.anyPrecision() ? own : Floats.cast(context.tf(), own, TFloat32.class);
    Operand<TFloating> output = layer.apply(context, taken);
    Shape built = output.shape();
    // As arrays: shapes with an unknown batch never equal one another.
    if (!Arrays.equals(built.asArray(), predicted.asArray())) {
      throw new IllegalStateException(
          String.format(
              "%s must build the shape that it predicts: predicted %s, built %s",
              describe(context.path(), layer), Shapes.text(predicted), Shapes.text(built)));
    }
    return output;
  }

  /**
   * The layers of a network that do the work, in the order in which a batch reaches them.
   *
   * @param root the network
   * @param input the shape of one example
   * @throws IllegalArgumentException where a layer refuses the shape that reaches it
   */
  public static List<Leaf> leaves(Layer root, Shape input) {
    List<Leaf> leaves = new ArrayList<>();
    collect("", root, input, leaves);
    return leaves;
  }

  /**
   * The parameters of a network by full name, in the order of {@link #leaves}.
   *
   * @param root the network
   * @param input the shape of one example
   */
  public static Map<String, Parameter> parameters(Layer root, Shape input) {
    Map<String, Parameter> parameters = new LinkedHashMap<>();
    for (Leaf leaf : leaves(root, input)) {
      leaf.parameters().forEach(parameter -> parameters.put(leaf.fullName(parameter), parameter));
    }
    return parameters;
  }

  /**
   * Creates one variable for each parameter of a network, named with its full name. They have no
   * values yet.
   *
   * @param session where they are created
   * @param root the network
   * @param input the shape of one example
   * @return the variables in the order of {@link #leaves}
   */
  public static List<Variable> createVariables(GraphSession session, Layer root, Shape input) {
    List<Variable> variables = new ArrayList<>();
    parameters(root, input)
        .forEach((name, parameter) -> variables.add(session.create(name, parameter)));
    return variables;
  }

  /** How messages name a layer: {@code layer "layer1.0.main.0" (Conv2d)}. */
  public static String describe(String path, Layer layer) {
    return path.isEmpty() ? layer.kind() : "layer \"" + path + "\" (" + layer.kind() + ")";
  }

  private static void collect(String path, Layer layer, Shape input, List<Leaf> leaves) {
    Shape output = layer.outputShape(input);
    List<Layer.Child> children = layer.children(input);
    List<Parameter> parameters = layer.parameters(input);
    long multiplyAdds = layer.multiplyAdds(input);
    if (children.isEmpty() || !parameters.isEmpty() || multiplyAdds > 0) {
      leaves.add(new Leaf(path, layer, input, output, parameters, multiplyAdds));
    }
    for (Layer.Child child : children) {
      collect(Context.join(path, child.name()), child.layer(), child.input(), leaves);
    }
  }
}
