package dev.lamina.layer;

import dev.lamina.graph.Floats;
import java.util.Collections;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/**
 * A 3x3 convolution with stride 1 and padding same as Winograd's F(4x4, 3x3), which needs a quarter
 * of the multiplications of the direct form (Lavin and Gray, "Fast Algorithms for Convolutional
 * Neural Networks", arXiv 1509.09308):
 *
 * <pre>
 * y = A' [(G w G') * (B' x B)] A      for each tile of 4x4 outputs, out of 6x6 inputs
 * </pre>
 *
 * where * is elementwise in the tile and a matrix product over channels. All of it is built from
 * operations with a gradient, so the backward pass needs a quarter of the multiplications too.
 *
 * <p>Points in pairs of opposite sign and of reciprocals lose least to rounding (Barabasz et al.,
 * "Error Analysis and Improving the Accuracy of Winograd Convolution", arXiv 1803.10986): with
 * those used here the error of float32 is about three times that of the direct form.
 */
public final class Winograd {
  private static final int TILE = 4;
  private static final int PATCH = TILE + 2;
  private static final CookToom MATRICES = CookToom.of(3, 0, 3.0 / 2, -3.0 / 2, 2.0 / 3, -2.0 / 3);

  /** Fewer channels gain less in the product than they lose in the transforms. */
  private static final int LEAST_CHANNELS = 128;

  /** Smaller images have too few tiles to be worth the transform of the weights. */
  private static final int LEAST_SIZE = 8;

  private Winograd() {}

  /**
   * Whether this form can take the place of a layer, and is faster for a batch of two images or
   * more.
   *
   * @param input the shape of one image
   */
  public static boolean pays(Conv2d layer, Shape input) {
    return layer.kernel() == 3
        && layer.stride() == 1
        && layer.padding() == Padding.SAME
        && layer.groups() == 1
        && divides(input.get(0))
        && divides(input.get(1))
        && input.get(2) >= LEAST_CHANNELS
        && layer.filters() >= LEAST_CHANNELS;
  }

  private static boolean divides(long size) {
    return size >= LEAST_SIZE && size % TILE == 0;
  }

  /**
   * Weights that do not change, transformed beforehand (in double): a {@link Conv2d} takes them in
   * place of its own.
   *
   * @param weight [3, 3, in, filters], in row-major order
   * @return G w G', [6, 6, in, filters], in row-major order
   */
  public static float[] transformed(float[] weight) {
    int size = weight.length / 9;
    float[] kernels = new float[PATCH * PATCH * size];
    for (int u = 0; u < PATCH; u++) {
      for (int v = 0; v < PATCH; v++) {
        for (int i = 0; i < size; i++) {
          double sum = 0;
          for (int tap = 0; tap < 9; tap++) {
            sum +=
                MATRICES.kernel[u][tap / 3] * MATRICES.kernel[v][tap % 3] * weight[tap * size + i];
          }
          kernels[(u * PATCH + v) * size + i] = (float) sum;
        }
      }
    }
    return kernels;
  }

  /** The shape that weights of this shape have when they are transformed. */
  public static Shape transformed(Shape weight) {
    return Shape.of(PATCH, PATCH, weight.get(2), weight.get(3));
  }

  /** Whether these are the weights of a 3x3 convolution that were transformed beforehand. */
  static boolean isTransformed(Operand<TFloating> weight) {
    return weight.shape().get(0) == PATCH;
  }

  /**
   * The convolution.
   *
   * @param input float32 [N, height, width, in], height and width multiples of 4
   * @param weight float32 [3, 3, in, filters], or transformed beforehand
   * @return float32 [N, height, width, filters]
   */
  static Operand<TFloating> convolve(Ops tf, Operand<TFloating> input, Operand<TFloating> weight) {
    Operand<TFloat32> x = patches(tf, Floats.float32(input));
    Operand<TFloat32> w = Floats.float32(weight);
    long height = input.shape().get(1);
    long width = input.shape().get(2);
    long in = w.shape().get(2);
    long filters = w.shape().get(3);
    Operand<TFloat32> kernels = isTransformed(weight) ? w : transform(tf, MATRICES.kernel, w);
    Operand<TFloat32> tiles = transform(tf, MATRICES.input, x);
    Operand<TFloat32> products =
        batchMatMul(
            tf,
            reshape(tf, tiles, PATCH * PATCH, -1, in),
            reshape(tf, kernels, PATCH * PATCH, in, filters));
    Operand<TFloat32> y = transform(tf, MATRICES.output, products);
    Operand<TFloat32> apart = reshape(tf, y, TILE, TILE, -1, height / TILE, width / TILE, filters);
    Operand<TFloat32> together =
        tf.linalg.transpose(apart, tf.constant(new int[] {2, 3, 0, 4, 1, 5}));
    return Floats.wide(reshape(tf, together, -1, height, width, filters));
  }

  /** The overlapping patches: [6, 6, N, height / 4, width / 4, channels]. */
  private static Operand<TFloat32> patches(Ops tf, Operand<TFloat32> x) {
    int rows = (int) x.shape().get(1) / TILE;
    int columns = (int) x.shape().get(2) / TILE;
    int after = TILE - 1;
    Operand<TFloat32> padded =
        tf.pad(
            x, tf.constant(new int[][] {{0, 0}, {1, after}, {1, after}, {0, 0}}), tf.constant(0f));
    Operand<TFloat32> blocks =
        tf.linalg.transpose(
            reshape(tf, padded, -1, rows + 1, TILE, columns + 1, TILE, x.shape().get(3)),
            tf.constant(new int[] {2, 4, 0, 1, 3, 5}));
    return overlap(tf, overlap(tf, blocks, 0, 3, rows), 1, 4, columns);
  }

  /** Each block with the first two lines of the next one behind it. */
  private static Operand<TFloat32> overlap(
      Ops tf, Operand<TFloat32> blocks, int within, int across, int count) {
    int[] begin = new int[6];
    int[] size = {-1, -1, -1, -1, -1, -1};
    size[across] = count;
    Operand<TFloat32> these = tf.slice(blocks, tf.constant(begin), tf.constant(size));
    begin[across] = 1;
    size[within] = PATCH - TILE;
    // A slice's gradient takes int32 only.
    Operand<TFloat32> next = tf.slice(blocks, tf.constant(begin), tf.constant(size));
    return tf.concat(List.of(these, next), tf.constant(within));
  }

  /** A matrix [to, from] on both of the first two dimensions, which must be [from, from]. */
  private static Operand<TFloat32> transform(Ops tf, double[][] matrix, Operand<TFloat32> x) {
    long to = matrix.length;
    long from = matrix[0].length;
    Operand<TFloat32> one = tf.dtypes.cast(tf.constant(matrix), TFloat32.class);
    Operand<TFloat32> rows = tf.linalg.matMul(one, reshape(tf, x, from, -1));
    return batchMatMul(
        tf, tf.stack(Collections.nCopies(matrix.length, one)), reshape(tf, rows, to, from, -1));
  }

  private static Operand<TFloat32> reshape(Ops tf, Operand<TFloat32> x, long... shape) {
    return tf.reshape(x, tf.constant(shape));
  }

  /** The older operation, without broadcasting: its gradient is two products and nothing else. */
  private static Operand<TFloat32> batchMatMul(Ops tf, Operand<TFloat32> a, Operand<TFloat32> b) {
    return tf.scope()
        .opBuilder("BatchMatMul", "BatchMatMul")
        .addInput(a.asOutput())
        .addInput(b.asOutput())
        .build()
        .<TFloat32>output(0);
  }
}
