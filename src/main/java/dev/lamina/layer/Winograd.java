package dev.lamina.layer;

import dev.lamina.graph.Floats;
import dev.lamina.graph.Parameter;
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
 * those used here the error of float32 is about three times that of the direct form, and that of
 * bfloat16 about six times (1.4 %).
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

  /** The parameter that holds them, [6, 6, in, filters], in place of [3, 3, in, filters]. */
  public static Parameter transformed(Parameter weight) {
    Shape shape = weight.shape();
    return Parameter.of(
        weight.name(),
        Shape.of(PATCH, PATCH, shape.get(2), shape.get(3)),
        weight.role(),
        weight.initializer());
  }

  /** Whether these are the weights of a 3x3 convolution that were transformed beforehand. */
  static boolean isTransformed(Operand<TFloating> weight) {
    return weight.shape().get(0) == PATCH;
  }

  /**
   * The convolution.
   *
   * @param input [N, height, width, in], height and width multiples of 4; products are in its type
   * @param weight float32 [3, 3, in, filters], or transformed beforehand
   * @return [N, height, width, filters], in the input's type
   */
  static Operand<TFloating> convolve(Ops tf, Operand<TFloating> input, Operand<TFloating> weight) {
    long height = input.shape().get(1);
    long width = input.shape().get(2);
    long in = weight.shape().get(2);
    long filters = weight.shape().get(3);
    Operand<TFloating> kernels =
        isTransformed(weight) ? weight : transform(tf, MATRICES.kernel, weight);
    Operand<TFloating> tiles = transform(tf, MATRICES.input, patches(tf, input));
    // Not a BatchMatMul: its gradient is the operation's third version, which oneDNN does not run.
    Operand<TFloating> products =
        tf.linalg.einsum(
            List.of(
                reshape(tf, tiles, PATCH * PATCH, -1, in),
                reshape(tf, Floats.cast(tf, kernels, input.type()), PATCH * PATCH, in, filters)),
            "pti,pio->pto");
    Operand<TFloating> y = transform(tf, MATRICES.output, products);
    Operand<TFloating> apart = reshape(tf, y, TILE, TILE, -1, height / TILE, width / TILE, filters);
    Operand<TFloating> together =
        tf.linalg.transpose(apart, tf.constant(new int[] {2, 3, 0, 4, 1, 5}));
    return reshape(tf, together, -1, height, width, filters);
  }

  /** The overlapping patches: [6, 6, N, height / 4, width / 4, channels]. */
  private static Operand<TFloating> patches(Ops tf, Operand<TFloating> x) {
    int rows = (int) x.shape().get(1) / TILE;
    int columns = (int) x.shape().get(2) / TILE;
    int after = TILE - 1;
    Operand<TFloating> padded =
        tf.pad(
            x,
            tf.constant(new int[][] {{0, 0}, {1, after}, {1, after}, {0, 0}}),
            Floats.cast(tf, Floats.wide(tf.constant(0f)), x.type()));
    Operand<TFloating> blocks =
        tf.linalg.transpose(
            reshape(tf, padded, -1, rows + 1, TILE, columns + 1, TILE, x.shape().get(3)),
            tf.constant(new int[] {2, 4, 0, 1, 3, 5}));
    return overlap(tf, overlap(tf, blocks, 0, 3, rows), 1, 4, columns);
  }

  /** Each block with the first two lines of the next one behind it. */
  private static Operand<TFloating> overlap(
      Ops tf, Operand<TFloating> blocks, int within, int across, int count) {
    int[] begin = new int[6];
    int[] size = {-1, -1, -1, -1, -1, -1};
    size[across] = count;
    Operand<TFloating> these = tf.slice(blocks, tf.constant(begin), tf.constant(size));
    begin[across] = 1;
    size[within] = PATCH - TILE;
    // A slice's gradient takes int32 only.
    Operand<TFloating> next = tf.slice(blocks, tf.constant(begin), tf.constant(size));
    return tf.concat(List.of(these, next), tf.constant(within));
  }

  /**
   * A matrix [to, from] on both of the first two dimensions, which must be [from, from]. In float32
   * one after the other, which is less work; else both at once, so that nothing is rounded between.
   */
  private static Operand<TFloating> transform(Ops tf, double[][] matrix, Operand<TFloating> x) {
    int to = matrix.length;
    long from = matrix[0].length;
    if (!x.type().equals(TFloat32.class)) {
      return tf.linalg.matMul(
          constant(tf, kronecker(matrix), x.type()), reshape(tf, x, from * from, -1));
    }
    Operand<TFloating> one = constant(tf, matrix, x.type());
    Operand<TFloating> rows = tf.linalg.matMul(one, reshape(tf, x, from, -1));
    return batchMatMul(tf, tf.stack(Collections.nCopies(to, one)), reshape(tf, rows, to, from, -1));
  }

  private static Operand<TFloating> constant(
      Ops tf, double[][] matrix, Class<? extends TFloating> type) {
    return Floats.wide(tf.dtypes.cast(tf.constant(matrix), type));
  }

  /** The product of Kronecker with itself: {@code k[i m + j][p n + q] = a[i][p] a[j][q]}. */
  private static double[][] kronecker(double[][] a) {
    int m = a.length;
    int n = a[0].length;
    double[][] k = new double[m * m][n * n];
    for (int row = 0; row < m * m; row++) {
      for (int column = 0; column < n * n; column++) {
        k[row][column] = a[row / m][column / n] * a[row % m][column % n];
      }
    }
    return k;
  }

  private static Operand<TFloating> reshape(Ops tf, Operand<TFloating> x, long... shape) {
    return tf.reshape(x, tf.constant(shape));
  }

  /** The older operation, without broadcasting: its gradient is two products and nothing else. */
  private static Operand<TFloating> batchMatMul(
      Ops tf, Operand<TFloating> a, Operand<TFloating> b) {
    return tf.scope()
        .opBuilder("BatchMatMul", "BatchMatMul")
        .addInput(a.asOutput())
        .addInput(b.asOutput())
        .build()
        .<TFloating>output(0);
  }
}
