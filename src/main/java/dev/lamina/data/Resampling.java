package dev.lamina.data;

import java.util.Arrays;

/**
 * A {@link Resize} of images of one size. The weights of a pixel are whole numbers whose sum is
 * about {@link Resize#WEIGHTS_SUM}, so that any order of the additions, also in float32, gives the
 * same bits: exports compute the same in their graph.
 */
final class Resampling {
  private static final int BITS = Integer.numberOfTrailingZeros(Resize.WEIGHTS_SUM);

  /** The weights of an axis. */
  private static final class Weights {
    /** The first input pixel under the filter, for each output pixel. */
    final int[] first;

    /** The weights from there on; none where the result is padded. */
    final int[][] weights;

    Weights(Resize.Axis axis, int to, Resize.Filter filter) {
      first = new int[to];
      weights = new int[to][];
      double scale = (double) axis.from() / axis.scaled();
      double filterScale = Math.max(scale, 1);
      double support = filter.support() * filterScale;
      for (int i = 0; i < to; i++) {
        int at = i + axis.offset();
        if (at < 0 || at >= axis.scaled()) {
          weights[i] = new int[0];
          continue;
        }
        double center = (at + 0.5) * scale;
        first[i] = Math.max(0, (int) (center - support + 0.5));
        int end = Math.min(axis.from(), (int) (center + support + 0.5));
        weights[i] = weights(first[i], end, center, 1 / filterScale, filter);
      }
    }

    private static int[] weights(
        int first, int end, double center, double shrink, Resize.Filter filter) {
      double[] values = new double[end - first];
      for (int x = first; x < end; x++) {
        values[x - first] = Math.rint(filter.at((x - center + 0.5) * shrink) * Resize.FILTER_STEPS);
      }
      double norm = Resize.WEIGHTS_SUM / Arrays.stream(values).sum();
      return Arrays.stream(values).mapToInt(value -> (int) Math.rint(value * norm)).toArray();
    }
  }

  private final int height;
  private final int width;
  private final int imageWidth;
  private final Weights rows;
  private final Weights columns;

  Resampling(Resize resize, int imageHeight, int imageWidth) {
    height = resize.height();
    width = resize.width();
    this.imageWidth = imageWidth;
    rows = new Weights(resize.rows(imageHeight, imageWidth), height, resize.filter());
    columns = new Weights(resize.columns(imageHeight, imageWidth), width, resize.filter());
  }

  /** Returns the weights of all input pixels of an axis, for each output pixel. */
  static float[][] matrix(Resize.Axis axis, int to, Resize.Filter filter) {
    Weights weights = new Weights(axis, to, filter);
    float[][] matrix = new float[to][axis.from()];
    for (int i = 0; i < to; i++) {
      for (int j = 0; j < weights.weights[i].length; j++) {
        matrix[i][weights.first[i] + j] = weights.weights[i][j];
      }
    }
    return matrix;
  }

  /** Scales along the rows, then along the columns. */
  byte[] apply(byte[] rgb) {
    int firstRow = Integer.MAX_VALUE;
    int lastRow = 0;
    for (int y = 0; y < height; y++) {
      if (rows.weights[y].length > 0) {
        firstRow = Math.min(firstRow, rows.first[y]);
        lastRow = Math.max(lastRow, rows.first[y] + rows.weights[y].length);
      }
    }
    byte[] narrow = new byte[Math.max(0, lastRow - firstRow) * width * 3];
    for (int y = firstRow; y < lastRow; y++) {
      row(rgb, y * imageWidth * 3, narrow, (y - firstRow) * width * 3);
    }
    byte[] result = new byte[height * width * 3];
    int[] sums = new int[width * 3];
    for (int y = 0; y < height; y++) {
      if (rows.weights[y].length > 0) {
        column(narrow, (rows.first[y] - firstRow) * sums.length, rows.weights[y], sums);
        for (int i = 0; i < sums.length; i++) {
          result[y * sums.length + i] = rounded(sums[i]);
        }
      }
    }
    return result;
  }

  private void row(byte[] rgb, int from, byte[] into, int at) {
    for (int x = 0; x < width; x++) {
      int[] weights = columns.weights[x];
      int p = from + columns.first[x] * 3;
      int red = 0;
      int green = 0;
      int blue = 0;
      for (int weight : weights) {
        red += weight * (rgb[p] & 0xff);
        green += weight * (rgb[p + 1] & 0xff);
        blue += weight * (rgb[p + 2] & 0xff);
        p += 3;
      }
      into[at + x * 3] = rounded(red);
      into[at + x * 3 + 1] = rounded(green);
      into[at + x * 3 + 2] = rounded(blue);
    }
  }

  private static void column(byte[] narrow, int from, int[] weights, int[] sums) {
    Arrays.fill(sums, 0);
    int p = from;
    for (int weight : weights) {
      for (int i = 0; i < sums.length; i++) {
        sums[i] += weight * (narrow[p + i] & 0xff);
      }
      p += sums.length;
    }
  }

  private static byte rounded(int sum) {
    return (byte) Math.max(0, Math.min(255, (sum + Resize.WEIGHTS_SUM / 2) >> BITS));
  }
}
