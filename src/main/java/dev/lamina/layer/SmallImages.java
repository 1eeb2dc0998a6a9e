package dev.lamina.layer;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.family.TFloating;

/**
 * The filter gradient of a 3x3 convolution over a small image, as one matrix product for each tap:
 * of the channels of all pixels under the tap with those of the gradients.
 */
final class SmallImages {
  /** Of larger images the copies under the taps cost more than the products save. */
  private static final long MAX_SIZE = 6;

  private SmallImages() {}

  /**
   * Returns whether to use this: in bfloat16 it takes a half to a tenth of the time, in float32 0.6
   * to 1.2 of it, less for more channels (docs/decisions/0046).
   *
   * @param input the shape of one image
   */
  static boolean pays(Conv2d layer, Shape input) {
    return Math.max(input.get(0), input.get(1)) <= MAX_SIZE && Winograd.isWideSame3x3(layer, input);
  }

  /**
   * Returns the gradient of the weights.
   *
   * @param x [N, height, width, in]
   * @param dy [N, height, width, filters]
   * @param weight [3, 3, in, filters]
   */
  static Operand<TFloating> filterGradient(
      Ops tf, Operand<TFloating> x, Operand<TFloating> dy, Shape weight) {
    Shape image = x.shape().tail();
    Operand<TFloating> padded =
        tf.pad(
            x, tf.constant(new int[][] {{0, 0}, {1, 1}, {1, 1}, {0, 0}}), tf.constant(x.type(), 0));
    Operand<TFloating> dpixels = pixels(tf, dy, weight.get(3));
    List<Operand<TFloating>> taps = new ArrayList<>();
    for (int tap = 0; tap < 9; tap++) {
      Operand<TFloating> under =
          tf.slice(
              padded,
              tf.constant(new long[] {0, tap / 3, tap % 3, 0}),
              tf.constant(new long[] {-1, image.get(0), image.get(1), image.get(2)}));
      taps.add(tf.linalg.matMul(pixels(tf, under, image.get(2)), dpixels, MatMul.transposeA(true)));
    }
    return tf.reshape(tf.stack(taps), tf.constant(weight.asArray()));
  }

  private static Operand<TFloating> pixels(Ops tf, Operand<TFloating> image, long channels) {
    return tf.reshape(image, tf.constant(new long[] {-1, channels}));
  }
}
