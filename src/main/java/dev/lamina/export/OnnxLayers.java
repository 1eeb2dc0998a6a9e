package dev.lamina.export;

import static dev.lamina.export.OnnxGraph.attribute;

import ai.onnx.proto.OnnxMl.AttributeProto;
import com.google.common.primitives.ImmutableDoubleArray;
import dev.lamina.graph.Context;
import dev.lamina.graph.Parameter;
import dev.lamina.layer.Activation;
import dev.lamina.layer.Add;
import dev.lamina.layer.AveragePool;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Concat;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Layers;
import dev.lamina.layer.MaxPool;
import dev.lamina.layer.Normalize;
import dev.lamina.layer.Padding;
import dev.lamina.layer.Rescale;
import dev.lamina.layer.Residual;
import dev.lamina.layer.Sequential;
import dev.lamina.layer.ZeroPad;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.tensorflow.ndarray.Shape;

/**
 * The layers in ONNX's operators, for inference. ONNX puts the channels of an image before its
 * height and width: [N, channels, height, width]. Weights keep their full names and are laid out as
 * in PyTorch, which ONNX follows.
 *
 * <p>The shapes here are those of the layers, [height, width, channels] or [features].
 */
final class OnnxLayers {
  /** The dimension of the channels, of images and of vectors. */
  private static final long CHANNELS = 1;

  private final OnnxGraph graph;
  private final Map<String, float[]> weights;

  OnnxLayers(OnnxGraph graph, Map<String, float[]> weights) {
    this.graph = graph;
    this.weights = weights;
  }

  /**
   * Adds a layer and those inside it.
   *
   * @param path the layer's full name; empty at the root
   * @param input the shape of one example that reaches it
   * @param x what reaches it
   * @return what leaves it
   * @throws IllegalArgumentException where ONNX has no operators for it
   */
  String add(String path, Layer layer, Shape input, String x) {
    if (layer instanceof Sequential) {
      String value = x;
      for (Layer.Child child : layer.children(input)) {
        value = add(Context.join(path, child.name()), child.layer(), child.input(), value);
      }
      return value;
    }
    if (layer instanceof Residual residual) {
      String main = add(Context.join(path, "main"), residual.main(), input, x);
      String shortcut = add(Context.join(path, "shortcut"), residual.shortcut(), input, x);
      return graph.node(path, "Relu", List.of(graph.node(path, "Add", List.of(main, shortcut))));
    }
    if (layer instanceof Add) {
      return graph.node(path, "Sum", branches(path, layer, input, x));
    }
    if (layer instanceof Concat) {
      return graph.node(
          path, "Concat", branches(path, layer, input, x), attribute("axis", CHANNELS));
    }
    if (layer instanceof Conv2d conv) {
      return conv(path, conv, input, x);
    }
    if (layer instanceof Dense) {
      return graph.node(path, "Gemm", operands(path, layer, input, x), attribute("transB", 1));
    }
    if (layer instanceof BatchNorm norm) {
      return graph.node(
          path,
          "BatchNormalization",
          operands(path, layer, input, x),
          attribute("epsilon", norm.epsilon()));
    }
    if (layer instanceof Activation activation) {
      return activation(path, activation, x);
    }
    if (layer instanceof MaxPool pool) {
      return graph.node(
          path, "MaxPool", List.of(x), window(input, pool.size(), pool.stride(), pool.padding()));
    }
    if (layer instanceof AveragePool pool) {
      // The border counts neither in the sum nor in the number: ONNX's count_include_pad is 0.
      return graph.node(
          path,
          "AveragePool",
          List.of(x),
          window(input, pool.size(), pool.stride(), pool.padding()));
    }
    if (layer instanceof GlobalAveragePool) {
      return flatten(path, graph.node(path, "GlobalAveragePool", List.of(x)));
    }
    if (layer instanceof Flatten) {
      return input.numDimensions() == 1
          ? x
          : flatten(
              path,
              graph.node(
                  path, "Transpose", List.of(x), attribute("perm", new long[] {0, 2, 3, 1})));
    }
    if (layer instanceof Normalize normalize) {
      String mean = perChannel(path, "mean", normalize.mean(), input);
      String deviation = perChannel(path, "deviation", normalize.deviation(), input);
      return graph.node(path, "Div", List.of(graph.node(path, "Sub", List.of(x, mean)), deviation));
    }
    if (layer instanceof Rescale rescale) {
      String scaled = graph.node(path, "Mul", List.of(x, number(path, "scale", rescale.scale())));
      return graph.node(path, "Add", List.of(scaled, number(path, "offset", rescale.offset())));
    }
    if (layer instanceof ZeroPad pad) {
      long[] pads = {0, 0, pad.top(), pad.left(), 0, 0, pad.bottom(), pad.right()};
      return graph.node(path, "Pad", List.of(x, graph.integers(Context.join(path, "pads"), pads)));
    }
    if (layer instanceof Dropout) {
      return x;
    }
    throw new IllegalArgumentException(
        "layers must be built-in ones for ONNX, got "
            + Layers.describe(path, layer)
            + "; replace it, or export a SavedModel");
  }

  private List<String> branches(String path, Layer layer, Shape input, String x) {
    List<String> outputs = new ArrayList<>();
    for (Layer.Child child : layer.children(input)) {
      outputs.add(add(Context.join(path, child.name()), child.layer(), child.input(), x));
    }
    return outputs;
  }

  private String conv(String path, Conv2d conv, Shape input, String x) {
    List<AttributeProto> attributes =
        new ArrayList<>(List.of(window(input, conv.kernel(), conv.stride(), conv.padding())));
    attributes.add(attribute("group", conv.groups()));
    return graph.node(
        path, "Conv", operands(path, conv, input, x), attributes.toArray(AttributeProto[]::new));
  }

  /** The input and the layer's parameters, which have the order of the operators' inputs. */
  private List<String> operands(String path, Layer layer, Shape input, String x) {
    List<String> operands = new ArrayList<>(List.of(x));
    for (Parameter parameter : layer.parameters(input)) {
      String name = Context.join(path, parameter.name());
      float[] values = Objects.requireNonNull(weights.get(name), name);
      operands.add(
          graph.floats(name, TorchLayout.toTorch(parameter, values), TorchLayout.shape(parameter)));
    }
    return operands;
  }

  private String activation(String path, Activation activation, String x) {
    return switch (activation) {
      case RELU -> graph.node(path, "Relu", List.of(x));
      case LEAKY_RELU -> graph.node(path, "LeakyRelu", List.of(x), attribute("alpha", 0.01));
      case ELU -> graph.node(path, "Elu", List.of(x));
      case GELU -> gelu(path, x);
      case SILU -> graph.node(path, "Mul", List.of(x, graph.node(path, "Sigmoid", List.of(x))));
      case SIGMOID -> graph.node(path, "Sigmoid", List.of(x));
      case TANH -> graph.node(path, "Tanh", List.of(x));
      case SOFTMAX -> graph.node(path, "Softmax", List.of(x), attribute("axis", CHANNELS));
    };
  }

  /** Gelu is an operator of its own only since opset 20. */
  private String gelu(String path, String x) {
    String root = number(path, "root", Math.sqrt(0.5));
    String erf = graph.node(path, "Erf", List.of(graph.node(path, "Mul", List.of(x, root))));
    String sum = graph.node(path, "Add", List.of(erf, number(path, "one", 1)));
    String half = graph.node(path, "Mul", List.of(x, number(path, "half", 0.5)));
    return graph.node(path, "Mul", List.of(half, sum));
  }

  private String flatten(String path, String x) {
    return graph.node(path, "Flatten", List.of(x), attribute("axis", 1));
  }

  private String perChannel(String path, String name, ImmutableDoubleArray values, Shape input) {
    float[] floats = new float[values.length()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values.get(i);
    }
    long[] shape =
        input.numDimensions() == 1 ? new long[] {floats.length} : new long[] {floats.length, 1, 1};
    return graph.floats(Context.join(path, name), floats, shape);
  }

  private String number(String path, String name, double value) {
    return graph.floats(Context.join(path, name), new float[] {(float) value});
  }

  private static AttributeProto[] window(Shape input, int size, int stride, Padding padding) {
    return new AttributeProto[] {
      attribute("kernel_shape", new long[] {size, size}),
      attribute("strides", new long[] {stride, stride}),
      attribute("pads", pads(input, size, stride, padding))
    };
  }

  /** Top, left, bottom, right. Of an odd border, TensorFlow puts one more at the end. */
  private static long[] pads(Shape input, int size, int stride, Padding padding) {
    if (padding == Padding.VALID) {
      return new long[4];
    }
    long[] pads = new long[4];
    for (int i = 0; i < 2; i++) {
      long windows = (input.get(i) + stride - 1) / stride;
      long border = Math.max(0, (windows - 1) * stride + size - input.get(i));
      pads[i] = border / 2;
      pads[i + 2] = border - border / 2;
    }
    return pads;
  }
}
