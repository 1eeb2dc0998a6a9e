package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import dev.lamina.graph.GraphOps;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

/** Shared by the pooling layers. */
final class Pooling {
  private Pooling() {}

  static Shape outputShape(String layer, Shape input, int size, int stride, Padding padding) {
    Shapes.checkImage(layer, input);
    long height = Shapes.windows(input.get(0), size, stride, padding);
    long width = Shapes.windows(input.get(1), size, stride, padding);
    checkArgument(
        height > 0 && width > 0,
        "input of %s must be at least as large as its window %s, got %s",
        layer,
        size,
        Shapes.text(input));
    return Shape.of(height, width, input.get(2));
  }

  /**
   * Builds the operation by name: the typed maxPool is MaxPoolV2, which lacks the fast CPU kernel.
   */
  static Operand<TFloating> apply(
      Context context,
      String operation,
      List<Operand<TFloating>> inputs,
      int size,
      int stride,
      Padding padding) {
    return GraphOps.builder(context.tf(), operation, inputs.toArray(Operand<?>[]::new))
        .setAttr("ksize", new long[] {1, size, size, 1})
        .setAttr("strides", new long[] {1, stride, stride, 1})
        .setAttr("padding", Shapes.paddingAfterPad(padding))
        .build()
        .output(0);
  }
}
