package dev.lamina.layer;

import dev.lamina.graph.Backward;
import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphOps;
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
 * quarter of the multiplications too: its gradients are the same products, with the transposed
 * transforms.
 *
 * <p>Interpolation points in pairs of opposite sign and of reciprocals have the smallest rounding
 * errors (Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd Convolution",
 * arXiv 1803.10986): with those used here the error of float32 is about three times that of the
 * direct form, and that of bfloat16 about six times (1.4 %).
 */
public final class Winograd {
  private static final int TILE = 4;
  private static final int PATCH = TILE + 2;

  /** As many weights of a tap as stay in a processor's first cache with what they become. */
  private static final int BLOCK = 512;

  private static final ToomCook MATRICES = ToomCook.of(3, 0, 3.0 / 2, -3.0 / 2, 2.0 / 3, -2.0 / 3);

  /**
   * With fewer channels, as the geometric mean of those in and out, the transforms cost more than
   * the products save.
   */
  private static final long MIN_CHANNELS = 128;

  /** Smaller images have too few tiles for the transform of the weights to pay off. */
  private static final long MIN_SIZE = 7;

  /** For larger images the two gradients are computed in turn, to limit peak memory. */
  private static final int MAX_PIXELS_AT_ONCE = 256;

  private Winograd() {}

  /**
   * Returns whether this form can replace that of a layer and is faster for a batch of at least two
   * images.
   *
   * @param input the shape of one image
   */
  public static boolean pays(Conv2d layer, Shape input) {
    return Math.min(input.get(0), input.get(1)) >= MIN_SIZE && isWideSame3x3(layer, input);
  }

  /**
   * Returns whether a layer is a 3x3 convolution with stride 1 and padding same whose products over
   * channels are large, and so near the processor's peak.
   *
   * @param input the shape of one image
   */
  static boolean isWideSame3x3(Conv2d layer, Shape input) {
    return layer.kernel() == 3
        && layer.stride() == 1
        && layer.padding() == Padding.SAME
        && layer.groups() == 1
        && input.get(2) * layer.filters() >= MIN_CHANNELS * MIN_CHANNELS;
  }

  /**
   * Returns how many numbers the transforms of one image take at the peak of the backward pass:
   * those of input and output, and for images that are not large those of both gradients.
   *
   * @param input the shape of one image
   */
  public static long transformsSize(Conv2d layer, Shape input) {
    return (isLarge(input.get(0), input.get(1)) ? 1L : 2L)
        * PATCH
        * PATCH
        * tiles(input.get(0))
        * tiles(input.get(1))
        * (input.get(2) + layer.filters());
  }

  /**
   * Transforms constant weights in advance, in double precision: a {@link Conv2d} accepts them
   * instead of its own.
   *
   * @param weight [3, 3, in, filters], in row-major order
   * @return G w G', [6, 6, in, filters], in row-major order
   */
  public static float[] transformed(float[] weight) {
    int size = weight.length / 9;
    float[] kernels = new float[PATCH * PATCH * size];
    double[][] columns = new double[3][BLOCK];
    for (int start = 0; start < size; start += BLOCK) {
      int count = Math.min(BLOCK, size - start);
      for (int u = 0; u < PATCH; u++) {
        for (int column = 0; column < 3; column++) {
          int at = column * size + start;
          combine(MATRICES.kernel[u], weight, at, 3 * size, columns[column], count);
        }
        for (int v = 0; v < PATCH; v++) {
          int at = (u * PATCH + v) * size + start;
          combine(MATRICES.kernel[v], columns, kernels, at, count);
        }
      }
    }
    return kernels;
  }

  private static void combine(
      double[] factors, float[] from, int at, int step, double[] to, int count) {
    for (int i = 0; i < count; i++) {
      to[i] =
          factors[0] * from[at + i]
              + factors[1] * from[at + step + i]
              + factors[2] * from[at + 2 * step + i];
    }
  }

  private static void combine(double[] factors, double[][] from, float[] to, int at, int count) {
    for (int i = 0; i < count; i++) {
      to[at + i] =
          (float) (factors[0] * from[0][i] + factors[1] * from[1][i] + factors[2] * from[2][i]);
    }
  }

  /** Returns the parameter of transformed weights: [6, 6, in, filters]. */
  public static Parameter transformed(Parameter weight) {
    Shape shape = weight.shape();
    return Parameter.of(
        weight.name(),
        Shape.of(PATCH, PATCH, shape.get(2), shape.get(3)),
        weight.role(),
        weight.initializer());
  }

  /** Returns whether these are weights that {@link #transformed(float[])} returned. */
  static boolean isTransformed(Operand<TFloating> weight) {
    return weight.shape().get(0) == PATCH;
  }

  /**
   * Computes the convolution. The transforms of input and weights are 2.25 and 4 times as large as
   * the originals, so the gradient recomputes them if the pass {@link Backward#rematerializes}, and
   * otherwise uses those of the forward pass.
   *
   * @param input [N, height, width, in]; its type is that of the products
   * @param weight float32 [3, 3, in, filters]; without a backward pass also transformed weights
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
        image(tf, transform(tf, MATRICES.output, products), 0, shape.get(1), shape.get(2), filters);
    Backward backward = context.backward();
    boolean keep = !backward.rematerializes();
    return backward.withGradient(
        List.of(input, weight),
        y,
        dy -> {
          // dy may lack a static shape, so that of the input is used.
          Operand<TFloating> dproducts =
              productsGradient(tf, blocks(tf, dy, 0, shape.get(1), shape.get(2), filters), filters);
          Ops now = tf.withControlDependencies(dy);
          Operand<TFloating> dweight =
              weightGradient(
                  tf,
                  keep ? tiles : tiles(tf, now.identity(backward.rematerialized(input, dy))),
                  dproducts,
                  weight);
          Ops next =
              isLarge(shape.get(1), shape.get(2)) ? tf.withControlDependencies(dweight) : now;
          Operand<TFloating> dtiles =
              product(
                  next,
                  dproducts,
                  keep ? kernels : kernels(tf, next.identity(weight), input.type()),
                  "pto,pio->pti");
          return List.of(tilesGradient(tf, dtiles, shape), dweight);
        });
  }

  private static Operand<TFloating> productsGradient(
      Ops tf, Operand<TFloating> dblocks, long filters) {
    return reshape(
        tf, transform(tf, transposed(MATRICES.output), dblocks), PATCH * PATCH, -1, filters);
  }

  private static boolean isLarge(long height, long width) {
    return height * width > MAX_PIXELS_AT_ONCE;
  }

  private static Operand<TFloating> weightGradient(
      Ops tf, Operand<TFloating> tiles, Operand<TFloating> dproducts, Operand<TFloating> weight) {
    Operand<TFloating> dkernels =
        Floats.cast(tf, product(tf, tiles, dproducts, "pti,pto->pio"), weight.type());
    return reshape(
        tf, transform(tf, transposed(MATRICES.kernel), dkernels), weight.shape().asArray());
  }

  /** Returns the transformed weights: [36, in, filters]. */
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

  /** Computes a matrix product for each of the 36 indices. Einsum uses oneDNN in every type. */
  private static Operand<TFloating> product(
      Ops tf, Operand<TFloating> a, Operand<TFloating> b, String equation) {
    return tf.linalg.einsum(List.of(a, b), equation);
  }

  /** Returns the transformed patches: [36, N * height / 4 * width / 4, channels]. */
  private static Operand<TFloating> tiles(Ops tf, Operand<TFloating> x) {
    return reshape(
        tf, transform(tf, MATRICES.input, patches(tf, x)), PATCH * PATCH, -1, x.shape().get(3));
  }

  /** Returns the gradient with respect to the input, given the one with respect to its tiles. */
  private static Operand<TFloating> tilesGradient(Ops tf, Operand<TFloating> dtiles, Shape shape) {
    long channels = shape.get(3);
    Operand<TFloating> patches =
        reshape(
            tf,
            transform(tf, transposed(MATRICES.input), dtiles),
            PATCH,
            PATCH,
            -1,
            tiles(shape.get(1)),
            tiles(shape.get(2)),
            channels);
    return image(
        tf,
        overlapGradient(tf, overlapGradient(tf, patches, 1, 4), 0, 3),
        1,
        shape.get(1),
        shape.get(2),
        channels);
  }

  /** Returns how many tiles cover so many pixels. */
  private static long tiles(long pixels) {
    return (pixels + TILE - 1) / TILE;
  }

  /**
   * Pads images to whole blocks of 4x4, with so many zeros before the first row and column, and
   * with those a block more, and splits them: [4, 4, N, rows, columns, channels].
   */
  private static Operand<TFloating> blocks(
      Ops tf, Operand<TFloating> x, int before, long height, long width, long channels) {
    long rows = tiles(height) + before;
    long columns = tiles(width) + before;
    int[] vertical = {before, (int) (rows * TILE - height) - before};
    int[] horizontal = {before, (int) (columns * TILE - width) - before};
    int[] none = {0, 0};
    Operand<TFloating> padded =
        rows * TILE == height && columns * TILE == width
            ? x
            : pad(tf, x, new int[][] {none, vertical, horizontal, none});
    return tf.linalg.transpose(
        reshape(tf, padded, -1, rows, TILE, columns, TILE, channels),
        tf.constant(new int[] {2, 4, 0, 1, 3, 5}));
  }

  /** Reverses {@link #blocks}: [N, height, width, channels]. */
  private static Operand<TFloating> image(
      Ops tf, Operand<TFloating> blocks, int before, long height, long width, long channels) {
    long rows = tiles(height) + before;
    long columns = tiles(width) + before;
    Operand<TFloating> split = reshape(tf, blocks, TILE, TILE, -1, rows, columns, channels);
    Operand<TFloating> joined =
        tf.linalg.transpose(split, tf.constant(new int[] {2, 3, 0, 4, 1, 5}));
    Operand<TFloating> padded = reshape(tf, joined, -1, rows * TILE, columns * TILE, channels);
    return rows * TILE == height && columns * TILE == width
        ? padded
        : tf.slice(
            padded,
            tf.constant(new long[] {0, before, before, 0}),
            tf.constant(new long[] {-1, height, width, -1}));
  }

  /** Extracts the overlapping patches: [6, 6, N, height / 4, width / 4, channels]. */
  private static Operand<TFloating> patches(Ops tf, Operand<TFloating> x) {
    Shape shape = x.shape();
    Operand<TFloating> blocks = blocks(tf, x, 1, shape.get(1), shape.get(2), shape.get(3));
    return overlap(tf, overlap(tf, blocks, 0, 3), 1, 4);
  }

  /** Appends to every block except the last the first two lines of its successor. */
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

  /** Computes the gradient of {@link #overlap}: adds the two borrowed lines to their own block. */
  private static Operand<TFloating> overlapGradient(
      Ops tf, Operand<TFloating> d, int within, int across) {
    int[] begin = new int[6];
    int[] size = {-1, -1, -1, -1, -1, -1};
    size[within] = TILE;
    Operand<TFloating> these = tf.slice(d, tf.constant(begin), tf.constant(size));
    begin[within] = TILE;
    size[within] = PATCH - TILE;
    Operand<TFloating> next = tf.slice(d, tf.constant(begin), tf.constant(size));
    int[][] after = new int[6][2];
    after[across][1] = 1;
    int[][] before = new int[6][2];
    before[across][0] = 1;
    before[within][1] = 2 * TILE - PATCH;
    return tf.math.add(pad(tf, these, after), pad(tf, next, before));
  }

  private static Operand<TFloating> pad(Ops tf, Operand<TFloating> x, int[][] sizes) {
    return tf.pad(
        x, tf.constant(sizes), Floats.cast(tf, Floats.asFloating(tf.constant(0f)), x.type()));
  }

  /**
   * Multiplies both of the first two dimensions, which must be [from, from], by a matrix [to,
   * from]. In float32 one after the other, which is less work; else both at once, so that no
   * intermediate result is rounded.
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
    return Floats.asFloating(tf.dtypes.cast(tf.constant(matrix), type));
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

  /**
   * Returns the Kronecker product of a matrix with itself: {@code k[i m + j][p n + q] = a[i][p]
   * a[j][q]}.
   */
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

  /** Adds the first version of the operation. Ops has the third, which oneDNN does not support. */
  private static Operand<TFloating> batchMatMul(
      Ops tf, Operand<TFloating> a, Operand<TFloating> b) {
    return GraphOps.builder(tf, "BatchMatMul", a, b).build().<TFloating>output(0);
  }
}
