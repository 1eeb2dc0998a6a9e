package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.graph.Precision;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.family.TFloating;

/** Layers in bfloat16, and what of them is computed in float32: faster, or right. */
class UpcastKernelsTest {
  private static final String NORM = "FusedBatchNormV3";
  private static final String DX = "DepthwiseConv2dNativeBackpropInput";
  private static final String DWEIGHT = "DepthwiseConv2dNativeBackpropFilter";

  @ParameterizedTest
  @CsvSource({"16, DT_BFLOAT16", "48, DT_BFLOAT16", "8, DT_FLOAT", "24, DT_FLOAT", "1, DT_FLOAT"})
  void batchNorm_upcastsUnlessTheChannelsFillVectors(int channels, DataType type) {
    // What comes from a convolution has its type.
    Layer layer = Sequential.of(Conv2d.of(channels, 1), BatchNorm.create());
    assertThat(types(layer, 3))
        .containsEntry(NORM, Set.of(type))
        .containsEntry("FusedBatchNormGradV3", Set.of(type));
  }

  @ParameterizedTest
  @CsvSource({
    "3, 1, DT_BFLOAT16, DT_BFLOAT16",
    "3, 2, DT_FLOAT, DT_BFLOAT16",
    "5, 1, DT_BFLOAT16, DT_FLOAT",
    "5, 2, DT_FLOAT, DT_FLOAT"
  })
  void depthwiseConvolution_upcastsGradients(
      int kernel, int stride, DataType dx, DataType dweight) {
    assertThat(types(Conv2d.of(16, kernel).stride(stride).groups(16), 16))
        .containsEntry("DepthwiseConv2dNative", Set.of(DataType.DT_BFLOAT16))
        .containsEntry(DX, Set.of(dx))
        .containsEntry(DWEIGHT, Set.of(dweight));
  }

  @Test
  void convolution_doesNotUpcast() {
    assertThat(types(Conv2d.of(8, 5).stride(2), 3))
        .containsEntry("Conv2DBackpropInput", Set.of(DataType.DT_BFLOAT16))
        .containsEntry("Conv2DBackpropFilter", Set.of(DataType.DT_BFLOAT16));
  }

  @ParameterizedTest
  @CsvSource({"8, DT_BFLOAT16", "9, DT_FLOAT"})
  void averagePool_upcastsLongSums(int size, DataType type) {
    Layer layer = Sequential.of(Conv2d.of(4, 1), AveragePool.of(size));
    assertThat(types(layer, Shape.of(9, 9, 3)))
        .containsEntry("AvgPool", Set.of(type))
        .containsEntry("AvgPoolGrad", Set.of(type));
  }

  private static Map<String, Set<DataType>> types(Layer layer, int channels) {
    return types(layer, Shape.of(6, 6, channels));
  }

  /** The types that the operations of a layer compute in, in training. */
  private static Map<String, Set<DataType>> types(Layer layer, Shape input) {
    try (BuiltLayer built = new BuiltLayer(layer, input, Precision.BFLOAT16)) {
      differentiate(built);
      Map<String, Set<DataType>> types = new HashMap<>();
      for (NodeDef node : built.session.graph().toGraphDef().getNodeList()) {
        if (node.containsAttr("T") && !node.getName().startsWith("infer")) {
          types
              .computeIfAbsent(node.getOp(), op -> new HashSet<>())
              .add(node.getAttrOrThrow("T").getType());
        }
      }
      return types;
    }
  }

  /** In float32 both layers agree with their formulas (LayerContractTest, BatchNormTest). */
  @ParameterizedTest
  @CsvSource({"3, 1", "3, 2", "5, 1", "5, 2"})
  void depthwiseConvolution_isThatOfFloat32Rounded(int kernel, int stride) {
    checkRounded(Conv2d.of(6, kernel).stride(stride).groups(6), Shape.of(7, 9, 6));
  }

  @ParameterizedTest
  @CsvSource({"6", "16"})
  void batchNorm_isThatOfFloat32Rounded(int channels) {
    // What comes from a convolution has its type.
    checkRounded(
        Sequential.of(Conv2d.of(channels, 1).bias(false), BatchNorm.create()), Shape.of(7, 9, 2));
  }

  /** 3 * 33 * 31 values of each channel, which bfloat16 cannot add up one by one. */
  @Test
  void gradientOfBias_isThatOfFloat32Rounded() {
    checkRounded(Conv2d.of(2, 3), Shape.of(33, 31, 3));
  }

  @Test
  void batchNorm_ofVectorsIsThatOfFloat32Rounded() {
    checkRounded(
        Sequential.of(Conv2d.of(6, 1).bias(false), GlobalAveragePool.create(), BatchNorm.create()),
        Shape.of(3, 2, 2));
  }

  /**
   * Compares the two types: inputs, weights, outputs and their gradients are rounded by 2^-9 each,
   * and a batch norm divides what it gets, with its error, by a small standard deviation.
   */
  private static void checkRounded(Layer layer, Shape input) {
    List<float[]> exact = results(layer, input, Precision.FLOAT32);
    List<float[]> rounded = results(layer, input, Precision.BFLOAT16);
    // The output, and the gradients of the input and all that is trained.
    assertThat(exact).hasSameSizeAs(rounded).hasSizeGreaterThan(3);
    for (int k = 0; k < exact.size(); k++) {
      float largest = 0;
      for (float value : exact.get(k)) {
        largest = Math.max(largest, Math.abs(value));
      }
      assertThat(largest).isPositive();
      assertThat(rounded.get(k)).containsExactly(exact.get(k), within(0.05f * largest));
    }
  }

  /** The output for a batch of three, and the gradients. */
  private static List<float[]> results(Layer layer, Shape input, Precision precision) {
    try (BuiltLayer built = new BuiltLayer(layer, input, precision)) {
      built.assignRandomValues(5);
      List<Operand<?>> fetches = new ArrayList<>();
      fetches.add(built.trained);
      fetches.addAll(differentiate(built));
      return built.fetch(fetches, LayerContract.inputs(3, input));
    }
  }

  /** The gradients of the sum of the sines: that of what a batch norm gives is constant. */
  private static List<Operand<TFloating>> differentiate(BuiltLayer built) {
    return built.differentiate(built.session.ops().math.sin(built.trained));
  }
}
