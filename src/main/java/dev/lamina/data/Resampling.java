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

    /** Whether an input pixel is under the filter of an output pixel. */
    boolean has(int output, int input) {
      return first[output] <= input && input < end(output);
    }

    /** The input pixel after the last one under the filter; 0 where the result is padded. */
    int end(int output) {
      return first[output] + weights[output].length;
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
  private final int imageHeight;
  private final int imageWidth;
  private final Weights rows;
  private final Weights columns;

  Resampling(Resize resize, int imageHeight, int imageWidth) {
    height = resize.height();
    width = resize.width();
    this.imageHeight = imageHeight;
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

  /**
   * Scales along the rows, then along the columns: one row of the image at a time, so that an image
   * of many short rows, which decodes from few bytes, takes little memory.
   */
  byte[] apply(byte[] rgb) {
    int[] sums = new int[height * width * 3];
    byte[] narrow = new byte[width * 3];
    int from = 0;
    for (int y = 0; y < imageHeight; y++) {
      while (from < height && rows.end(from) <= y) {
        from++;
      }
      if (from < height && rows.has(from, y)) {
        row(rgb, y * imageWidth * 3, narrow);
        for (int to = from; to < height && rows.has(to, y); to++) {
          add(narrow, rows.weights[to][y - rows.first[to]], sums, to * narrow.length);
        }
      }
    }
    byte[] result = new byte[sums.length];
    for (int i = 0; i < sums.length; i++) {
      result[i] = rounded(sums[i]);
    }
    return result;
  }

  private void row(byte[] rgb, int from, byte[] into) {
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
      into[x * 3] = rounded(red);
      into[x * 3 + 1] = rounded(green);
      into[x * 3 + 2] = rounded(blue);
    }
  }

  private static void add(byte[] narrow, int weight, int[] sums, int at) {
    for (int i = 0; i < narrow.length; i++) {
      sums[at + i] += weight * (narrow[i] & 0xff);
    }
  }

  private static byte rounded(int sum) {
    return (byte) Math.max(0, Math.min(255, (sum + Resize.WEIGHTS_SUM / 2) >> BITS));
  }
}
