package dev.lamina.format;

import ai.onnx.proto.OnnxMl.AttributeProto;
import com.google.common.primitives.ImmutableDoubleArray;
import dev.lamina.graph.Context;
import dev.lamina.graph.Parameter;
import dev.lamina.layer.Layer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.tensorflow.ndarray.Shape;

/**
 * The part of a graph that an {@link OnnxConverter} adds the operators of one layer to. Names of
 * nodes and constants begin with the layer's full name. ONNX puts the channels of an image before
 * its height and width: [N, channels, height, width].
 */
public final class OnnxScope {
  private final OnnxGraph graph;
  private final Map<String, float[]> weights;
  private final String path;
  private final Shape input;

  OnnxScope(OnnxGraph graph, Map<String, float[]> weights, String path, Shape input) {
    this.graph = graph;
    this.weights = weights;
    this.path = path;
    this.input = input;
  }

  /** Returns the layer's full name; empty at the root. */
  public String path() {
    return path;
  }

  /**
   * Returns the shape of one example of the layer's input: [height, width, channels] or [features].
   */
  public Shape input() {
    return input;
  }

  /**
   * Adds a node with one output.
   *
   * @param operator the operator, of ONNX's opset 15
   * @param inputs the names of its inputs
   * @param attributes its attributes, created with {@link #attribute}
   * @return the name of its output
   */
  public String node(String operator, List<String> inputs, AttributeProto... attributes) {
    return graph.node(path, operator, inputs, attributes);
  }

  /** Adds a float32 constant, and returns its name. */
  public String floats(String name, float[] values, long... shape) {
    return graph.floats(Context.join(path, name), values, shape);
  }

  /** Adds an int64 constant of one dimension, and returns its name. */
  public String integers(String name, long... values) {
    return graph.integers(Context.join(path, name), values);
  }

  /** Adds a single number, and returns its name. */
  public String number(String name, double value) {
    return floats(name, new float[] {(float) value});
  }

  /**
   * Adds one number for each channel, in a shape that broadcasts to the input's, and returns its
   * name.
   */
  public String perChannel(String name, ImmutableDoubleArray values) {
    float[] floats = new float[values.length()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values.get(i);
    }
    long[] shape =
        input.numDimensions() == 1 ? new long[] {floats.length} : new long[] {floats.length, 1, 1};
    return floats(name, floats, shape);
  }

  /**
   * Adds the parameters of the layer itself, in PyTorch's layout, which ONNX follows.
   *
   * @return the input's name, then the parameters' names in their order
   */
  public List<String> operands(Layer layer, String x) {
    List<String> operands = new ArrayList<>(List.of(x));
    for (Parameter parameter : layer.parameters(input)) {
      String name = Context.join(path, parameter.name());
      float[] values = Objects.requireNonNull(weights.get(name), name);
      operands.add(
          graph.floats(name, TorchLayout.toTorch(parameter, values), TorchLayout.shape(parameter)));
    }
    return operands;
  }

  /** Adds a layer inside this one, one of its {@link Layer#children}, and returns its output. */
  public String child(Layer.Child child, String x) {
    return child(child.name(), child.layer(), child.input(), x);
  }

  String child(String name, Layer layer, Shape shape, String x) {
    return OnnxConverters.add(
        new OnnxScope(graph, weights, Context.join(path, name), shape), layer, x);
  }

  /** Returns a whole number as an attribute. */
  public static AttributeProto attribute(String name, long value) {
    return OnnxGraph.attribute(name, value);
  }

  /** Returns a number as an attribute. */
  public static AttributeProto attribute(String name, double value) {
    return OnnxGraph.attribute(name, value);
  }

  /** Returns whole numbers as an attribute. */
  public static AttributeProto attribute(String name, long... values) {
    return OnnxGraph.attribute(name, values);
  }
}
