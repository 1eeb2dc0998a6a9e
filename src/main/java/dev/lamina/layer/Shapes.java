package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import org.tensorflow.ndarray.Shape;

/** The checks and conversions of shapes that layers share. */
final class Shapes {
  private Shapes() {}

  /** Refuses what is not [height, width, channels]. */
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

  /** The size of a window's output: "same" rounds up, "valid" takes whole windows only. */
  static long windows(long size, int window, int stride, Padding padding) {
    return padding == Padding.SAME
        ? (size + stride - 1) / stride
        : size < window ? 0 : (size - window) / stride + 1;
  }

  static String text(Shape shape) {
    return java.util.Arrays.toString(shape.asArray());
  }
}
