package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TFloating;

/** Checks and conversions of shapes, shared by the layers. */
final class Shapes {
  private Shapes() {}

  /** Checks that a shape is [height, width, channels]. */
  static void checkImage(String layer, Shape input) {
    checkArgument(
        input.numDimensions() == 3,
        "input of %s must be [height, width, channels], got %s",
        layer,
        text(input));
  }

  static int channels(Shape input) {
    return Math.toIntExact(input.get(input.numDimensions() - 1));
  }

  /**
   * Returns the output size of a sliding window along one dimension: ceil(size / stride) for {@code
   * SAME}, else floor((size + 2 border - window) / stride) + 1, the border being 0 for {@code
   * VALID} and floor(window / 2) for {@code HALF}.
   */
  static long windows(long size, int window, int stride, Padding padding) {
    if (padding == Padding.SAME) {
      return (size + stride - 1) / stride;
    }
    long padded = size + 2L * padding.border(window);
    return padded < window ? 0 : (padded - window) / stride + 1;
  }

  /**
   * Adds the border of {@code HALF} to a batch of images, since TensorFlow's kernels know only the
   * other two paddings.
   *
   * @param value the value of the border
   */
  static Operand<TFloating> pad(
      Ops tf, Operand<TFloating> x, int window, Padding padding, double value) {
    int border = padding.border(window);
    return border == 0
        ? x
        : tf.pad(
            x,
            tf.constant(new int[][] {{0, 0}, {border, border}, {border, border}, {0, 0}}),
            tf.constant(x.type(), value));
  }

  /** Returns the padding that TensorFlow is told, once {@link #pad} has added its own. */
  static String paddingAfterPad(Padding padding) {
    return padding == Padding.HALF ? Padding.VALID.name() : padding.name();
  }

  static String text(Shape shape) {
    return java.util.Arrays.toString(shape.asArray());
  }
}
