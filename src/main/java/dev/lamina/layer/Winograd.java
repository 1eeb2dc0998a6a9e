package dev.lamina.layer;

import dev.lamina.graph.Context;
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
 * where * is elementwise in the tile and a matrix product over channels. The backward pass needs a
 * quarter of the multiplications too: its gradients are the same products, and the transforms the
 * other way around.
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

  /** Larger images have so many tiles that both gradients at once would take much memory. */
  private static final int MOST_PIXELS_AT_ONCE = 256;

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
   * The convolution. Transformed input and weights are 2.25 and 4 times as large as themselves, so
   * the gradient transforms them a second time where the pass {@link Context#recomputes}, and else
   * takes those of the forward pass.
   *
   * @param input [N, height, width, in], height and width multiples of 4; products are in its type
   * @param weight float32 [3, 3, in, filters], or, where no gradient is asked for, transformed
   *     beforehand
   * @return [N, height, width, filters], in the input's type
   */
  static Operand<TFloating> convolve(
      Context context, Operand<TFloating> input, Operand<TFloating> weight) {
    Ops tf = context.tf();
    Operand<TFloating> tiles = tiles(tf, input);
    Operand<TFloating> kernels = kernels(tf, weight, input.type());
    Operand<TFloating> products = product(tf, tiles, kernels, "pti,pio->pto");
    Shape shape = input.shape();
    long filters = weight.shape().get(3);
    Operand<TFloating> y =
        together(tf, transform(tf, MATRICES.output, products), shape.get(1), shape.get(2), filters);
    boolean keep = !context.recomputes();
    return context.withGradient(
        List.of(input, weight),
        y,
        dy -> {
          // What TensorFlow knows of a gradient's shape is not enough here.
          Operand<TFloating> blocks = apart(tf, dy, shape.get(1), shape.get(2), filters);
          Operand<TFloating> dproducts =
              reshape(
                  tf,
                  transform(tf, transposed(MATRICES.output), blocks),
                  PATCH * PATCH,
                  -1,
                  filters);
          Ops now = tf.withControlDependencies(dy);
          Operand<TFloating> dweight =
              weightGradient(
                  tf,
                  keep ? tiles : tiles(tf, now.identity(context.recomputed(input, dy))),
                  dproducts,
                  weight);
          Ops next = isLarge(shape) ? tf.withControlDependencies(dweight) : now;
          Operand<TFloating> dtiles =
              product(
                  next,
                  dproducts,
                  keep ? kernels : kernels(tf, next.identity(weight), input.type()),
                  "pto,pio->pti");
          return List.of(tilesGradient(tf, dtiles, shape), dweight);
        });
  }

  private static boolean isLarge(Shape image) {
    return image.get(1) * image.get(2) > MOST_PIXELS_AT_ONCE;
  }

  private static Operand<TFloating> weightGradient(
      Ops tf, Operand<TFloating> tiles, Operand<TFloating> dproducts, Operand<TFloating> weight) {
    Operand<TFloating> dkernels =
        Floats.cast(tf, product(tf, tiles, dproducts, "pti,pto->pio"), weight.type());
    return reshape(
        tf, transform(tf, transposed(MATRICES.kernel), dkernels), weight.shape().asArray());
  }

  /** The transformed weights: [36, in, filters]. */
  private static Operand<TFloating> kernels(
      Ops tf, Operand<TFloating> weight, Class<? extends TFloating> type) {
    Operand<TFloating> kernels =
        isTransformed(weight) ? weight : transform(tf, MATRICES.kernel, weight);
    return reshape(
        tf,
        Floats.cast(tf, kernels, type),
        PATCH * PATCH,
        weight.shape().get(2),
        weight.shape().get(3));
  }

  /** A product for each of the 36 places: Einsum, since its kernel is oneDNN's in every type. */
  private static Operand<TFloating> product(
      Ops tf, Operand<TFloating> a, Operand<TFloating> b, String equation) {
    return tf.linalg.einsum(List.of(a, b), equation);
  }

  /** The transformed patches: [36, N * height / 4 * width / 4, channels]. */
  private static Operand<TFloating> tiles(Ops tf, Operand<TFloating> x) {
    return reshape(
        tf, transform(tf, MATRICES.input, patches(tf, x)), PATCH * PATCH, -1, x.shape().get(3));
  }

  /** The gradient by x, of that shape, from the one by its tiles. */
  private static Operand<TFloating> tilesGradient(Ops tf, Operand<TFloating> dtiles, Shape shape) {
    long rows = shape.get(1) / TILE;
    long columns = shape.get(2) / TILE;
    long channels = shape.get(3);
    Operand<TFloating> patches =
        reshape(
            tf,
            transform(tf, transposed(MATRICES.input), dtiles),
            PATCH,
            PATCH,
            -1,
            rows,
            columns,
            channels);
    Operand<TFloating> blocks = overlapGradient(tf, overlapGradient(tf, patches, 1, 4), 0, 3);
    Operand<TFloating> padded =
        together(tf, blocks, TILE * (rows + 1), TILE * (columns + 1), channels);
    return tf.slice(
        padded,
        tf.constant(new long[] {0, 1, 1, 0}),
        tf.constant(new long[] {-1, shape.get(1), shape.get(2), -1}));
  }

  /** Blocks of 4x4: [4, 4, N, height / 4, width / 4, channels]. */
  private static Operand<TFloating> apart(
      Ops tf, Operand<TFloating> x, long height, long width, long channels) {
    return tf.linalg.transpose(
        reshape(tf, x, -1, height / TILE, TILE, width / TILE, TILE, channels),
        tf.constant(new int[] {2, 4, 0, 1, 3, 5}));
  }

  /** The other way: [N, height, width, channels]. */
  private static Operand<TFloating> together(
      Ops tf, Operand<TFloating> blocks, long height, long width, long channels) {
    Operand<TFloating> apart =
        reshape(tf, blocks, TILE, TILE, -1, height / TILE, width / TILE, channels);
    Operand<TFloating> together =
        tf.linalg.transpose(apart, tf.constant(new int[] {2, 3, 0, 4, 1, 5}));
    return reshape(tf, together, -1, height, width, channels);
  }

  /** The overlapping patches: [6, 6, N, height / 4, width / 4, channels]. */
  private static Operand<TFloating> patches(Ops tf, Operand<TFloating> x) {
    int after = TILE - 1;
    Operand<TFloating> padded = pad(tf, x, new int[][] {{0, 0}, {1, after}, {1, after}, {0, 0}});
    Shape shape = x.shape();
    Operand<TFloating> blocks =
        apart(tf, padded, shape.get(1) + TILE, shape.get(2) + TILE, shape.get(3));
    return overlap(tf, overlap(tf, blocks, 0, 3), 1, 4);
  }

  /** Each block but the last with the first two lines of the next one behind it. */
  private static Operand<TFloating> overlap(
      Ops tf, Operand<TFloating> blocks, int within, int across) {
    int[] begin = new int[6];
    int[] size = {-1, -1, -1, -1, -1, -1};
    size[across] = (int) blocks.shape().get(across) - 1;
    Operand<TFloating> these = tf.slice(blocks, tf.constant(begin), tf.constant(size));
    begin[across] = 1;
    size[within] = PATCH - TILE;
    Operand<TFloating> next = tf.slice(blocks, tf.constant(begin), tf.constant(size));
    return tf.concat(List.of(these, next), tf.constant(within));
  }

  /** The gradient by the blocks from the one by each with two lines of the next. */
  private static Operand<TFloating> overlapGradient(
      Ops tf, Operand<TFloating> d, int within, int across) {
    int[] begin = new int[6];
    int[] size = {-1, -1, -1, -1, -1, -1};
    size[within] = TILE;
    Operand<TFloating> these = tf.slice(d, tf.constant(begin), tf.constant(size));
    begin[within] = TILE;
    size[within] = PATCH - TILE;
    Operand<TFloating> next = tf.slice(d, tf.constant(begin), tf.constant(size));
    int[][] behind = new int[6][2];
    behind[across][1] = 1;
    int[][] before = new int[6][2];
    before[across][0] = 1;
    before[within][1] = 2 * TILE - PATCH;
    return tf.math.add(pad(tf, these, behind), pad(tf, next, before));
  }

  private static Operand<TFloating> pad(Ops tf, Operand<TFloating> x, int[][] sizes) {
    return tf.pad(x, tf.constant(sizes), Floats.cast(tf, Floats.wide(tf.constant(0f)), x.type()));
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

  private static double[][] transposed(double[][] matrix) {
    double[][] transposed = new double[matrix[0].length][matrix.length];
    for (int i = 0; i < matrix.length; i++) {
      for (int j = 0; j < matrix[0].length; j++) {
        transposed[j][i] = matrix[i][j];
      }
    }
    return transposed;
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

  /** The first version of the operation: that of Ops is the third, which oneDNN does not run. */
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
