package dev.lamina.layer;

import static java.lang.Double.POSITIVE_INFINITY;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

class LayerMessagesTest {
  private static final Shape IMAGE = Shape.of(2, 3, 6);
  private static final Shape VECTOR = Shape.of(5);

  private static void refused(Runnable action, String message) {
    assertThatThrownBy(action::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void conv2d() {
    Conv2d conv = Conv2d.of(4, 3);
    refused(() -> Conv2d.of(-3, 3), "filters must be positive, got -3");
    refused(() -> Conv2d.of(4, 0), "kernel must be positive, got 0");
    refused(() -> conv.stride(0), "stride must be positive, got 0");
    refused(() -> conv.groups(0), "groups must be positive, got 0");
    refused(
        () -> conv.groups(3), "filters must be divisible by groups, got filters 4 and groups 3");
    refused(
        () -> conv.outputShape(VECTOR),
        "input of Conv2d must be [height, width, channels], got [5]");
    refused(
        () -> conv.groups(4).outputShape(IMAGE),
        "input channels of Conv2d must be divisible by groups, got channels 6 and groups 4");
    refused(
        () -> conv.padding(Padding.VALID).outputShape(IMAGE),
        "input of Conv2d must be at least as large as its kernel 3, got [2, 3, 6]");
  }

  @Test
  void dense() {
    refused(() -> Dense.of(0), "units must be positive, got 0");
    refused(
        () -> Dense.of(2).outputShape(IMAGE),
        "input of Dense must be [features], got [2, 3, 6]; put Flatten or GlobalAveragePool before it");
  }

  @Test
  void batchNorm() {
    BatchNorm norm = BatchNorm.create();
    refused(() -> norm.epsilon(0), "epsilon must be positive, got 0.0");
    refused(() -> norm.epsilon(POSITIVE_INFINITY), "epsilon must be finite, got Infinity");
    refused(
        () -> Whitening.of(2).epsilon(POSITIVE_INFINITY), "epsilon must be finite, got Infinity");
    refused(() -> norm.momentum(0), "momentum must be in (0, 1], got 0.0");
    refused(() -> norm.momentum(1.5), "momentum must be in (0, 1], got 1.5");
    refused(
        () -> norm.outputShape(Shape.of(2, 3)),
        "input of BatchNorm must be [height, width, channels] or [channels], got [2, 3]");
  }

  @Test
  void pools() {
    refused(() -> MaxPool.of(0), "size must be positive, got 0");
    refused(() -> MaxPool.of(2).stride(-1), "stride must be positive, got -1");
    refused(() -> AveragePool.of(0), "size must be positive, got 0");
    refused(() -> AveragePool.of(2).stride(-1), "stride must be positive, got -1");
    refused(
        () -> MaxPool.of(2).outputShape(VECTOR),
        "input of MaxPool must be [height, width, channels], got [5]");
    refused(
        () -> MaxPool.of(3).outputShape(IMAGE),
        "input of MaxPool must be at least as large as its window 3, got [2, 3, 6]");
    refused(
        () -> AveragePool.of(2).outputShape(VECTOR),
        "input of AveragePool must be [height, width, channels], got [5]");
    refused(
        () -> AveragePool.of(3).outputShape(IMAGE),
        "input of AveragePool must be at least as large as its window 3, got [2, 3, 6]");
    refused(
        () -> AveragePool.of(2).padding(Padding.HALF),
        "padding of AveragePool must be SAME or VALID, got HALF");
    refused(
        () -> GlobalAveragePool.create().outputShape(VECTOR),
        "input of GlobalAveragePool must be [height, width, channels], got [5]");
  }

  @Test
  void elementwise() {
    refused(() -> Dropout.of(1), "rate must be in [0, 1), got 1.0");
    refused(() -> Dropout.of(-0.1), "rate must be in [0, 1), got -0.1");
    refused(() -> StochasticDepth.of(1), "rate must be in [0, 1), got 1.0");
    refused(() -> StochasticDepth.of(-0.1), "rate must be in [0, 1), got -0.1");
    refused(() -> Rescale.of(Double.NaN), "scale must be finite, got NaN");
    refused(() -> Rescale.of(1).offset(POSITIVE_INFINITY), "offset must be finite, got Infinity");
    refused(
        () -> Normalize.of(new double[2], new double[] {1}),
        "mean and std must have one value for each channel, got 2 and 1 values");
    refused(
        () -> Normalize.of(new double[0], new double[0]),
        "mean and std must have one value for each channel, got 0 and 0 values");
    refused(() -> Normalize.of(new double[1], new double[1]), "std must be positive, got 0.0");
    double[] infinite = {POSITIVE_INFINITY};
    refused(() -> Normalize.of(new double[1], infinite), "std must be finite, got Infinity");
    refused(() -> Normalize.of(infinite, new double[] {1}), "mean must be finite, got Infinity");
    refused(
        () -> Normalize.of(new double[1], new double[] {1}).outputShape(IMAGE),
        "channels of Normalize must be 1, got 6");
  }

  @Test
  void zeroPad() {
    refused(() -> ZeroPad.of(-1), "top must not be negative, got -1");
    refused(() -> ZeroPad.of(0).bottom(-2), "bottom must not be negative, got -2");
    refused(() -> ZeroPad.of(0).left(-3), "left must not be negative, got -3");
    refused(() -> ZeroPad.of(0).right(-4), "right must not be negative, got -4");
    refused(
        () -> ZeroPad.of(1).outputShape(VECTOR),
        "input of ZeroPad must be [height, width, channels], got [5]");
  }

  @Test
  void squeezeExcitation() {
    SqueezeExcitation layer = SqueezeExcitation.of(2);
    refused(() -> SqueezeExcitation.of(0), "squeezed must be positive, got 0");
    refused(() -> layer.names("a", "a"), "reduceName and expandName must differ, got \"a\" twice");
    refused(
        () -> layer.outputShape(VECTOR),
        "input of SqueezeExcitation must be [height, width, channels], got [5]");
  }

  @Test
  void residualNames() {
    Residual block = Residual.of(Sequential.of().then("conv", Conv2d.of(6, 1)));
    String rule = "shortcutName must not be a name of the main path, got ";
    refused(() -> block.names("a", "a"), rule + "\"a\"");
    refused(() -> block.names("", "conv"), rule + "\"conv\"");
    refused(
        () -> block.names("main", ""),
        "name must consist of letters, digits, underscores and hyphens, got \"\"");
  }

  @Test
  void names() {
    String rule = "name must consist of letters, digits, underscores and hyphens, got ";
    refused(() -> Sequential.of().then("a.b", Activation.RELU), rule + "\"a.b\"");
    refused(() -> Lambda.of("", (tf, x) -> x), rule + "\"\"");
    refused(
        () -> Sequential.of(Activation.RELU).then("0", Activation.RELU),
        "names must be unique, got \"0\" twice");
    refused(
        () ->
            Layers.parameters(
                Sequential.of(Dense.of(2)).then("", Sequential.of(Dense.of(2))), Shape.of(3)),
        "names of parameters must be unique, got \"0.weight\" twice");
  }

  @Test
  void branches() {
    refused(() -> Add.of(), "branches must not be empty");
    refused(() -> Concat.of(), "branches must not be empty");
    refused(
        () -> Add.of(Sequential.of(), Conv2d.of(6, 1), Conv2d.of(7, 1)).outputShape(IMAGE),
        "branches of Add must have the same output shape, got [2, 3, 6] from branch 0 and [2, 3, 7] from branch 2");
    refused(
        () -> Concat.of(Sequential.of(), ZeroPad.of(0).top(1)).outputShape(IMAGE),
        "branches of Concat must differ only in channels, got [2, 3, 6] from branch 0 and [3, 3, 6] from branch 1");
    refused(
        () -> Concat.of(Sequential.of(), Flatten.create()).outputShape(IMAGE),
        "branches of Concat must differ only in channels, got [2, 3, 6] from branch 0 and [36] from branch 1");
    refused(
        () -> Residual.of(Conv2d.of(8, 3)).outputShape(IMAGE),
        "main path and shortcut of Residual must have the same output shape, got [2, 3, 8] and [2, 3, 6]; set a shortcut of Conv2d.of(8, 1), BatchNorm");
  }

  @Test
  void lambda() {
    refused(
        () -> Lambda.of("total", (tf, x) -> tf.math.mean(x, tf.constant(0))).outputShape(IMAGE),
        "output of Lambda total must be [batch, known sizes], got [2, 3, 6]");
    refused(
        () ->
            Lambda.of(
                    "chosen",
                    (tf, x) ->
                        tf.gather(
                            x,
                            tf.dtypes.cast(tf.reshape(x, tf.array(-1)), TInt32.class),
                            tf.constant(1)))
                .outputShape(VECTOR),
        "output of Lambda chosen must be [batch, known sizes], got [-1, -1]");
    refused(
        () ->
            Lambda.of(
                    "learnt",
                    (tf, x) -> {
                      tf.varHandleOp(TFloat32.class, Shape.of(2));
                      return x;
                    })
                .outputShape(VECTOR),
        "Lambda learnt must not create variables; write a Layer with parameters instead");
  }
}
