package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lamina.graph.Context;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TFloating;

class GradientCheckTest {
  private static final Shape INPUT = Shape.of(5, 7, 2);
  private static final Layer ONES = Lambda.of("ones", (tf, x) -> tf.math.mul(x, tf.onesLike(x)));

  /** A layer whose own part, not its child, cannot be differentiated. */
  private record Doubled(Layer inner) implements Layer {
    @Override
    public Shape outputShape(Shape input) {
      return inner.outputShape(input);
    }

    @Override
    public List<Child> children(Shape input) {
      return List.of(new Child("inner", inner, input));
    }

    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
      Operand<TFloating> y = Layers.build(context.child("inner"), inner, input);
      return context.tf().math.add(y, context.tf().onesLike(y));
    }
  }

  private static void refused(Layer root, String message) {
    assertThatThrownBy(() -> GradientCheck.verify(root, INPUT))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void opWithoutGradient() {
    refused(
        Sequential.of(Conv2d.of(2, 3))
            .then("branch", Add.of(Sequential.of(), Sequential.of(Activation.RELU, ONES))),
        "layer \"branch.1.1\" (Lambda ones) uses OnesLike, which TensorFlow cannot differentiate from Java; build it from other ops");
    refused(
        Sequential.of(
            Conv2d.of(2, 3),
            Lambda.of("top", (tf, x) -> tf.nn.topK(x, tf.constant(1), TInt32.class).values()),
            Conv2d.of(2, 3)),
        "layer \"1\" (Lambda top) uses TopKV2, which TensorFlow cannot differentiate from Java; build it from other ops");
  }

  @Test
  void opWithoutGradient_besideTheChildren() {
    refused(
        Sequential.of(Conv2d.of(2, 3)).then("twice", new Doubled(Activation.RELU)),
        "layer \"twice\" (Doubled) uses OnesLike, which TensorFlow cannot differentiate from Java; build it from other ops");
  }

  @Test
  void opThatStopsGradients() {
    String why =
        " lets no gradient through to the parameters before it; build it from ops that have one";
    refused(
        Sequential.of(
            Conv2d.of(2, 3), Lambda.of("stop", (tf, x) -> tf.stopGradient(x)), Conv2d.of(2, 3)),
        "layer \"1\" (Lambda stop)" + why);
    refused(
        Sequential.of(
            Conv2d.of(2, 3),
            Lambda.of(
                "integer",
                (tf, x) -> tf.dtypes.cast(tf.dtypes.cast(x, TInt32.class), TFloat32.class))),
        "layer \"1\" (Lambda integer)" + why);
  }

  @Test
  void dilatedConvolution() {
    Layer dilated =
        Lambda.of(
            "dilated",
            (tf, x) ->
                tf.nn.conv2d(
                    x,
                    tf.constant(new float[3][3][2][2]),
                    List.of(1L, 1L, 1L, 1L),
                    "SAME",
                    org.tensorflow.op.nn.Conv2d.dilations(List.of(1L, 2L, 2L, 1L))));
    refused(
        Sequential.of(Conv2d.of(2, 3), dilated),
        "layer \"1\" (Lambda dilated) uses a dilated Conv2D, whose gradient TensorFlow gets wrong; put spaceToBatchNd and batchToSpaceNd around a plain one");
  }

  @Test
  void nothingToLearnBefore() {
    assertThatCode(() -> GradientCheck.verify(Sequential.of(ONES, Conv2d.of(2, 3)), INPUT))
        .doesNotThrowAnyException();
    assertThatCode(() -> GradientCheck.verify(ONES, INPUT)).doesNotThrowAnyException();
  }
}
