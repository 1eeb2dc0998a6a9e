package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Variable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/** Functions for any layer: to build it, list the layers inside it and create its variables. */
public final class Layers {
  private Layers() {}

  /**
   * A layer in a network: one without children, or one that has parameters or MACs besides those of
   * its children.
   *
   * @param path its full name, the layers' names joined by dots; empty at the root
   * @param layer the layer
   * @param input the shape of one example of its input
   * @param output the shape of one example of its output
   * @param parameters its own parameters
   * @param macs its own MACs for one example
   */
  public record LayerNode(
      String path, Layer layer, Shape input, Shape output, List<Parameter> parameters, long macs) {
    /** Copies the list. */
    public LayerNode {
      parameters = List.copyOf(parameters);
    }

    /** Returns the full name of one of its parameters: {@code layer1.0.main.0.weight}. */
    public String fullName(Parameter parameter) {
      return Context.join(path, parameter.name());
    }
  }

  /** Returns the layers in sequence, without those that only contain others. */
  public static Stream<Layer> steps(Layer layer) {
    return layer instanceof Sequential sequential
        ? sequential.layers().stream().flatMap(named -> steps(named.layer()))
        : Stream.of(layer);
  }

  /**
   * Builds a layer and checks its output shape. Layers use this for the layers inside them.
   *
   * @param context the layer's own context
   * @param layer the layer
   * @param input the input; the first dimension is the batch, the others are known
   * @throws IllegalArgumentException if the layer does not accept the input's shape
   * @throws IllegalStateException if it builds another shape than it predicts
   */
  public static Operand<TFloating> build(Context context, Layer layer, Operand<TFloating> input) {
    Shape predicted = layer.outputShape(input.shape().tail()).prepend(input.shape().get(0));
    // Each layer is differentiated separately; the gradients of layers that share an input meet
    // here.
    Operand<TFloating> own = context.backward().withGradient(List.of(input), input, List::of);
    Operand<TFloating> taken =
        layer.acceptsAnyFloatType() ? own : Floats.cast(context.tf(), own, TFloat32.class);
    Operand<TFloating> output = layer.apply(context, taken);
    Shape built = output.shape();
    // As arrays: shapes with an unknown batch never equal one another.
    if (!Arrays.equals(built.asArray(), predicted.asArray())) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "%s must build the shape that it predicts: predicted %s, built %s",
              describe(context.path(), layer),
              Shapes.text(predicted),
              Shapes.text(built)));
    }
    return output;
  }

  /**
   * Returns the layers of a network that compute something, in the order of computation.
   *
   * @param root the network
   * @param input the shape of one example
   * @throws IllegalArgumentException if a layer does not accept the shape of its input
   */
  public static List<LayerNode> nodes(Layer root, Shape input) {
    List<LayerNode> leaves = new ArrayList<>();
    collect("", root, input, leaves);
    return leaves;
  }

  /**
   * Returns the parameters of a network by full name, in the order of {@link #nodes}.
   *
   * @param root the network
   * @param input the shape of one example
   */
  public static Map<String, Parameter> parameters(Layer root, Shape input) {
    Map<String, Parameter> parameters = new LinkedHashMap<>();
    for (LayerNode leaf : nodes(root, input)) {
      for (Parameter parameter : leaf.parameters()) {
        String name = leaf.fullName(parameter);
        checkArgument(
            parameters.put(name, parameter) == null,
            "names of parameters must be unique, got \"%s\" twice",
            name);
      }
    }
    return parameters;
  }

  /**
   * Creates one variable for each parameter of a network, named with its full name. They have no
   * values yet.
   *
   * @param session the session to create them in
   * @param root the network
   * @param input the shape of one example
   * @return the variables in the order of {@link #nodes}
   */
  public static List<Variable> createVariables(GraphSession session, Layer root, Shape input) {
    List<Variable> variables = new ArrayList<>();
    parameters(root, input)
        .forEach(
            (name, parameter) -> {
              checkSize(name, parameter.shape());
              variables.add(session.create(name, parameter));
            });
    return variables;
  }

  /** Checks that an array can hold the values, in floating point, in which no product overflows. */
  private static void checkSize(String name, Shape shape) {
    checkArgument(
        LongStream.of(shape.asArray()).asDoubleStream().reduce(1, (a, b) -> a * b)
            <= Integer.MAX_VALUE,
        "%s must have at most %s values, got the shape %s; take fewer channels, such as by a smaller width",
        name,
        Integer.MAX_VALUE,
        shape);
  }

  /** Returns a layer as messages name it: {@code layer "layer1.0.main.0" (Conv2d)}. */
  public static String describe(String path, Layer layer) {
    return path.isEmpty() ? layer.kind() : "layer \"" + path + "\" (" + layer.kind() + ")";
  }

  private static void collect(String path, Layer layer, Shape input, List<LayerNode> leaves) {
    Shape output = layer.outputShape(input);
    List<Layer.Child> children = layer.children(input);
    List<Parameter> parameters = layer.parameters(input);
    long macs = layer.macs(input);
    if (children.isEmpty() || !parameters.isEmpty() || macs > 0) {
      leaves.add(new LayerNode(path, layer, input, output, parameters, macs));
    }
    for (Layer.Child child : children) {
      collect(Context.join(path, child.name()), child.layer(), child.input(), leaves);
    }
  }
}
