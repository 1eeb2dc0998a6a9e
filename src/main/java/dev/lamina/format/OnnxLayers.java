package dev.lamina.format;

import static dev.lamina.format.OnnxScope.attribute;

import ai.onnx.proto.OnnxMl.AttributeProto;
import dev.lamina.layer.Activation;
import dev.lamina.layer.Add;
import dev.lamina.layer.AveragePool;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Celu;
import dev.lamina.layer.ChannelPad;
import dev.lamina.layer.Concat;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Layer;
import dev.lamina.layer.MaxPool;
import dev.lamina.layer.Normalize;
import dev.lamina.layer.Padding;
import dev.lamina.layer.Rescale;
import dev.lamina.layer.Residual;
import dev.lamina.layer.Sequential;
import dev.lamina.layer.SqueezeExcitation;
import dev.lamina.layer.Whitening;
import dev.lamina.layer.ZeroPad;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.tensorflow.ndarray.Shape;

/** The layers that come with Lamina in ONNX's operators; the table is {@link OnnxConverters}. */
final class OnnxLayers {
  /** The dimension of the channels, of images and of vectors. */
  private static final long CHANNELS = 1;

  private OnnxLayers() {}

  static String sequential(OnnxScope scope, Sequential layer, String x) {
    String value = x;
    for (Layer.Child child : layer.children(scope.input())) {
      value = scope.child(child, value);
    }
    return value;
  }

  static String residual(OnnxScope scope, Residual layer, String x) {
    String main = scope.child(layer.mainName(), layer.main(), scope.input(), x);
    String shortcut = scope.child(layer.shortcutName(), layer.shortcut(), scope.input(), x);
    String sum = scope.node("Add", List.of(main, shortcut));
    return layer.relu() ? scope.node("Relu", List.of(sum)) : sum;
  }

  static String add(OnnxScope scope, Add layer, String x) {
    return scope.node("Sum", branches(scope, layer, x));
  }

  static String concat(OnnxScope scope, Concat layer, String x) {
    return scope.node("Concat", branches(scope, layer, x), attribute("axis", CHANNELS));
  }

  private static List<String> branches(OnnxScope scope, Layer layer, String x) {
    return layer.children(scope.input()).stream().map(child -> scope.child(child, x)).toList();
  }

  static String conv2d(OnnxScope scope, Conv2d layer, String x) {
    List<AttributeProto> attributes =
        new ArrayList<>(
            List.of(window(scope.input(), layer.kernel(), layer.stride(), layer.padding())));
    attributes.add(attribute("group", layer.groups()));
    return scope.node("Conv", scope.operands(layer, x), attributes.toArray(AttributeProto[]::new));
  }

  static String dense(OnnxScope scope, Dense layer, String x) {
    return scope.node("Gemm", scope.operands(layer, x), attribute("transB", 1));
  }

  static String batchNorm(OnnxScope scope, BatchNorm layer, String x) {
    return scope.node(
        "BatchNormalization", scope.operands(layer, x), attribute("epsilon", layer.epsilon()));
  }

  static String maxPool(OnnxScope scope, MaxPool layer, String x) {
    return scope.node(
        "MaxPool",
        List.of(x),
        window(scope.input(), layer.size(), layer.stride(), layer.padding()));
  }

  /** Adds average pooling without the border in sum and count: count_include_pad is 0. */
  static String averagePool(OnnxScope scope, AveragePool layer, String x) {
    return scope.node(
        "AveragePool",
        List.of(x),
        window(scope.input(), layer.size(), layer.stride(), layer.padding()));
  }

  static String globalAveragePool(OnnxScope scope, GlobalAveragePool layer, String x) {
    String mean = scope.node("GlobalAveragePool", List.of(x));
    return layer.keepDims() ? mean : flatten(scope, mean);
  }

  static String squeezeExcitation(OnnxScope scope, SqueezeExcitation layer, String x) {
    List<Layer.Child> children = layer.children(scope.input());
    String mean = scope.node("GlobalAveragePool", List.of(x));
    String reduced = activation(scope, layer.activation(), scope.child(children.get(0), mean));
    String gate = activation(scope, layer.gate(), scope.child(children.get(1), reduced));
    return scope.node("Mul", List.of(x, gate));
  }

  /** Adds flattening in Lamina's order, [height, width, channels]. */
  static String flatten(OnnxScope scope, Flatten layer, String x) {
    return scope.input().numDimensions() == 1
        ? x
        : flatten(scope, scope.node("Transpose", List.of(x), attribute("perm", 0, 2, 3, 1)));
  }

  private static String flatten(OnnxScope scope, String x) {
    return scope.node("Flatten", List.of(x), attribute("axis", 1));
  }

  static String normalize(OnnxScope scope, Normalize layer, String x) {
    String mean = scope.perChannel("mean", layer.mean());
    String std = scope.perChannel("std", layer.std());
    return scope.node("Div", List.of(scope.node("Sub", List.of(x, mean)), std));
  }

  static String rescale(OnnxScope scope, Rescale layer, String x) {
    String scaled = scope.node("Mul", List.of(x, scope.number("scale", layer.scale())));
    return scope.node("Add", List.of(scaled, scope.number("offset", layer.offset())));
  }

  static String channelPad(OnnxScope scope, ChannelPad layer, String x) {
    String pads = scope.integers("pads", 0, layer.before(), 0, 0, 0, layer.after(), 0, 0);
    return scope.node("Pad", List.of(x, pads));
  }

  static String zeroPad(OnnxScope scope, ZeroPad layer, String x) {
    String pads =
        scope.integers(
            "pads", 0, 0, layer.top(), layer.left(), 0, 0, layer.bottom(), layer.right());
    return scope.node("Pad", List.of(x, pads));
  }

  static String activation(OnnxScope scope, Activation activation, String x) {
    return switch (activation) {
      case RELU -> scope.node("Relu", List.of(x));
      case LEAKY_RELU -> scope.node("LeakyRelu", List.of(x), attribute("alpha", 0.01));
      case ELU -> scope.node("Elu", List.of(x));
      case GELU -> gelu(scope, x);
      case GELU_TANH -> geluTanh(scope, x);
      case SILU -> scope.node("Mul", List.of(x, scope.node("Sigmoid", List.of(x))));
      case SIGMOID -> scope.node("Sigmoid", List.of(x));
      case HARD_SIGMOID ->
          scope.node(
              "HardSigmoid", List.of(x), attribute("alpha", 1.0 / 6), attribute("beta", 0.5));
      case HARD_SWISH -> scope.node("HardSwish", List.of(x));
      case TANH -> scope.node("Tanh", List.of(x));
      case SOFTMAX -> scope.node("Softmax", List.of(x), attribute("axis", CHANNELS));
    };
  }

  /** Adds GELU by erf: ONNX has an operator only since opset 20. */
  private static String gelu(OnnxScope scope, String x) {
    String root = scope.number("root", Math.sqrt(0.5));
    String erf = scope.node("Erf", List.of(scope.node("Mul", List.of(x, root))));
    String sum = scope.node("Add", List.of(erf, scope.number("one", 1)));
    String half = scope.node("Mul", List.of(x, scope.number("half", 0.5)));
    return scope.node("Mul", List.of(half, sum));
  }

  private static String geluTanh(OnnxScope scope, String x) {
    String square = scope.node("Mul", List.of(x, x));
    String cube = scope.node("Mul", List.of(square, x));
    String small = scope.node("Mul", List.of(cube, scope.number("cubic", 0.044715)));
    String inner = scope.node("Add", List.of(x, small));
    String root = scope.number("root", Math.sqrt(2 / Math.PI));
    String tanh = scope.node("Tanh", List.of(scope.node("Mul", List.of(inner, root))));
    String sum = scope.node("Add", List.of(tanh, scope.number("one", 1)));
    String half = scope.node("Mul", List.of(x, scope.number("half", 0.5)));
    return scope.node("Mul", List.of(half, sum));
  }

  static String celu(OnnxScope scope, Celu layer, String x) {
    return scope.node("Celu", List.of(x), attribute("alpha", layer.alpha()));
  }

  static String whitening(OnnxScope scope, Whitening layer, String x) {
    return conv2d(scope, layer.convolution(scope.input()), x);
  }

  private static AttributeProto[] window(Shape input, int size, int stride, Padding padding) {
    return new AttributeProto[] {
      attribute("kernel_shape", new long[] {size, size}),
      attribute("strides", new long[] {stride, stride}),
      attribute("pads", pads(input, size, stride, padding))
    };
  }

  /**
   * Returns top, left, bottom and right padding; if the total is odd, TensorFlow pads more at the
   * end.
   */
  private static long[] pads(Shape input, int size, int stride, Padding padding) {
    long[] pads = new long[4];
    if (padding != Padding.SAME) {
      Arrays.fill(pads, padding == Padding.HALF ? size / 2 : 0);
      return pads;
    }
    for (int i = 0; i < 2; i++) {
      long windows = (input.get(i) + stride - 1) / stride;
      long border = Math.max(0, (windows - 1) * stride + size - input.get(i));
      pads[i] = border / 2;
      pads[i + 2] = border - border / 2;
    }
    return pads;
  }
}
