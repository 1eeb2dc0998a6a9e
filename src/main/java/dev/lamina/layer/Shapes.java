package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import org.tensorflow.ndarray.Shape;

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
   * SAME}, floor((size - window) / stride) + 1 for {@code VALID}.
   */
  static long windows(long size, int window, int stride, Padding padding) {
    return padding == Padding.SAME
        ? (size + stride - 1) / stride
        : size < window ? 0 : (size - window) / stride + 1;
  }

  static String text(Shape shape) {
    return java.util.Arrays.toString(shape.asArray());
  }
}
