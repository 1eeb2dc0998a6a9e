package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Named.named;

import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;

class LayerContractTest {
  private static final Shape IMAGE = Shape.of(5, 7, 2);
  private static final Shape VECTOR = Shape.of(7);

  private static Stream<Named<Layer>> convolutions() {
    Conv2d conv = Conv2d.of(4, 3);
    return Stream.of(
        named("plain", conv),
        named("even kernel", Conv2d.of(3, 2)),
        named("one by one", Conv2d.of(3, 1)),
        named("stride", conv.stride(2)),
        named("valid", conv.padding(Padding.VALID)),
        named("valid, stride", conv.padding(Padding.VALID).stride(2)),
        named("half padding, stride", conv.stride(2).padding(Padding.HALF)),
        named(
            "depthwise, half padding, stride",
            Conv2d.of(2, 5).groups(2).stride(2).padding(Padding.HALF)),
        named("depthwise, two filters a channel", conv.groups(2)),
        named("depthwise, stride", Conv2d.of(2, 3).groups(2).stride(2)));
  }

  @ParameterizedTest
  @MethodSource("convolutions")
  void convolution(Conv2d layer) {
    LayerContract.check(layer, IMAGE, "weight", "bias");
    LayerContract.check(layer.bias(false), IMAGE, "weight");
  }

  @Test
  void convolution_groups() {
    Shape four = Shape.of(5, 3, 4);
    Conv2d conv = Conv2d.of(6, 3).groups(2);
    LayerContract.check(conv, four, "weight", "bias");
    LayerContract.check(conv.bias(false).stride(2).padding(Padding.VALID), four, "weight");
  }

  /** TensorFlow fuses a convolution, a batch norm and a ReLU; groups must survive that. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void convolution_fused(int groups) {
    LayerContract.checkWithPhases(
        Sequential.of(
            Conv2d.of(4, 3).groups(groups).bias(false), BatchNorm.create(), Activation.ELU),
        Shape.of(5, 3, 4),
        "0.weight",
        "1.weight",
        "1.bias",
        "1.running_mean",
        "1.running_var");
  }

  /** In training the bias is left out of the graph; in inference it counts. */
  @Test
  void convolution_biasBeforeBatchNorm() {
    LayerContract.checkWithPhases(
        Sequential.of(Conv2d.of(4, 3), BatchNorm.create(), Activation.ELU),
        Shape.of(5, 3, 2),
        "0.weight",
        "0.bias",
        "1.weight",
        "1.bias",
        "1.running_mean",
        "1.running_var");
  }

  private static Stream<Named<Layer>> withoutParameters() {
    return Stream.of(
        named("max", MaxPool.of(2)),
        named("max, overlapping", MaxPool.of(3).stride(2).padding(Padding.SAME)),
        named("max, half padding", MaxPool.of(3).stride(2).padding(Padding.HALF)),
        named("average", AveragePool.of(2)),
        named("average, overlapping", AveragePool.of(3).stride(2).padding(Padding.SAME)),
        named("global average", GlobalAveragePool.create()),
        named("global average, kept dimensions", GlobalAveragePool.create().keepDims(true)),
        named("flatten", Flatten.create()),
        named("no stochastic depth", StochasticDepth.of(0)),
        named("normalize", Normalize.of(new double[] {0.4, -1}, new double[] {0.5, 2})),
        named("celu", Celu.of(0.6)),
        named("channels", ChannelPad.of(1, 2)),
        named("rescale", Rescale.of(0.7).offset(-0.2)),
        named("pad", ZeroPad.of(1).left(2).bottom(0)),
        named("lambda", Lambda.of("square", (tf, x) -> tf.math.square(x))),
        named("no dropout", Dropout.of(0)),
        named("empty", Sequential.of()),
        named("add", Add.of(Sequential.of(), Activation.TANH, Rescale.of(2))),
        named("concat of one", Concat.of(Activation.TANH)),
        named("concat", Concat.of(Activation.TANH, Sequential.of(), Activation.SIGMOID)));
  }

  @ParameterizedTest
  @MethodSource("withoutParameters")
  void layerWithoutParameters(Layer layer) {
    LayerContract.check(layer, IMAGE);
  }

  @ParameterizedTest
  @EnumSource
  void activation(Activation layer) {
    LayerContract.check(layer, IMAGE);
    LayerContract.check(layer, VECTOR);
  }

  @ParameterizedTest
  @MethodSource("vectorLayers")
  void vectorLayer(Layer layer) {
    LayerContract.check(layer, VECTOR);
  }

  private static Stream<Layer> vectorLayers() {
    return Stream.of(Flatten.create(), Rescale.of(3), Concat.of(Activation.TANH, Rescale.of(2)));
  }

  @Test
  void dense() {
    LayerContract.check(Dense.of(3), VECTOR, "weight", "bias");
    LayerContract.check(Dense.of(1).bias(false), VECTOR, "weight");
  }

  @Test
  void batchNorm() {
    String[] names = {"weight", "bias", "running_mean", "running_var"};
    LayerContract.checkWithPhases(BatchNorm.create(), IMAGE, names);
    LayerContract.checkWithPhases(BatchNorm.create().epsilon(0.1).momentum(1), VECTOR, names);
  }

  @Test
  void batchNorm_withoutScale_isTheSameWithAWeightOfOne() {
    String[] names = {"weight", "bias", "running_mean", "running_var"};
    LayerContract.checkWithPhases(BatchNorm.create().scale(false), IMAGE, names);
  }

  @Test
  void whitening() {
    LayerContract.check(Whitening.of(2), IMAGE, "weight", "bias");
  }

  @Test
  void dropout() {
    LayerContract.checkWithPhases(Dropout.of(0.4), IMAGE);
    LayerContract.checkWithPhases(Dropout.of(0.4), VECTOR);
  }

  @Test
  void stochasticDepth() {
    LayerContract.checkWithPhases(StochasticDepth.of(0.4), IMAGE);
    LayerContract.checkWithPhases(StochasticDepth.of(0.4), VECTOR);
  }

  @Test
  void squeezeExcitation() {
    // No kink: GELU for ReLU, as the means of inputs are near 0.
    LayerContract.check(
        SqueezeExcitation.of(3).activations(Activation.GELU, Activation.HARD_SIGMOID),
        IMAGE,
        "fc1.weight",
        "fc1.bias",
        "fc2.weight",
        "fc2.bias");
    LayerContract.check(
        SqueezeExcitation.of(1)
            .activations(Activation.SILU, Activation.SIGMOID)
            .names("reduce", "expand"),
        IMAGE,
        "reduce.weight",
        "reduce.bias",
        "expand.weight",
        "expand.bias");
  }

  @Test
  void residual_ofOtherNames_withoutRelu() {
    LayerContract.checkWithPhases(
        Residual.of(Sequential.of().then("conv1", Conv2d.of(3, 3)).then("bn1", BatchNorm.create()))
            .names("", "downsample")
            .shortcut(Conv2d.of(3, 1).bias(false))
            .relu(false),
        IMAGE,
        "conv1.weight",
        "conv1.bias",
        "bn1.weight",
        "bn1.bias",
        "bn1.running_mean",
        "bn1.running_var",
        "downsample.0.weight");
  }

  @Test
  void residual_identity() {
    // The main path stays within 0.2 and the inputs beyond 0.3, so that the final ReLU's argument
    // is on both sides of 0 but not near it.
    LayerContract.check(
        Residual.of(Conv2d.of(2, 3), Activation.TANH, Rescale.of(0.2)),
        IMAGE,
        "main.0.weight",
        "main.0.bias");
  }

  @Test
  void residual_shortcut() {
    // The offset keeps the final ReLU's argument positive.
    LayerContract.checkWithPhases(
        Residual.of(Conv2d.of(3, 3).stride(2), BatchNorm.create(), Activation.TANH)
            .shortcut(
                Conv2d.of(3, 1).stride(2).bias(false), Activation.TANH, Rescale.of(1).offset(3)),
        IMAGE,
        "main.0.weight",
        "main.0.bias",
        "main.1.weight",
        "main.1.bias",
        "main.1.running_mean",
        "main.1.running_var",
        "shortcut.0.weight");
  }

  @Test
  void branchesWithParameters() {
    LayerContract.check(
        Sequential.of()
            .then("mix", Concat.of(Conv2d.of(3, 3), Conv2d.of(1, 1).bias(false)))
            .then("sum", Add.of(Sequential.of(), Sequential.of().then("deep", Conv2d.of(4, 1)))),
        IMAGE,
        "mix.0.weight",
        "mix.0.bias",
        "mix.1.weight",
        "sum.1.deep.weight",
        "sum.1.deep.bias");
  }

  /** The contract itself must notice: of x * x, one factor's gradient is missing. */
  @Test
  void wrongGradientIsNoticed() {
    Layer layer = Lambda.of("half", (tf, x) -> tf.math.mul(x, tf.stopGradient(x)));
    assertThatThrownBy(() -> LayerContract.check(layer, IMAGE))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("[gradient of input]");
  }
}
