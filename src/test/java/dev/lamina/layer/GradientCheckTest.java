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
            .then(
                "branch",
                Add.of(Sequential.of(), Sequential.of(Activation.RELU, WithoutGradient.ONES))),
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
        Sequential.of(Conv2d.of(2, 3), WithoutGradient.STOP, Conv2d.of(2, 3)),
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
    refused(
        Sequential.of(Conv2d.of(2, 3), WithoutGradient.DILATED),
        "layer \"1\" (Lambda dilated) uses a dilated Conv2D, whose gradient TensorFlow gets wrong; put spaceToBatchNd and batchToSpaceNd around a plain one");
  }

  @Test
  void nothingToLearnBefore() {
    assertThatCode(
            () -> GradientCheck.verify(Sequential.of(WithoutGradient.ONES, Conv2d.of(2, 3)), INPUT))
        .doesNotThrowAnyException();
    assertThatCode(() -> GradientCheck.verify(WithoutGradient.ONES, INPUT))
        .doesNotThrowAnyException();
  }
}
