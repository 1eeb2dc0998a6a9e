package dev.lamina.layer;

/**
 * The matrices of a Toom-Cook algorithm, which computes adjacent outputs of a 1-D correlation from
 * one product per interpolation point, the last of which is infinity (Winograd, "Arithmetic
 * Complexity of Computations", 1980):
 *
 * <pre>
 * y = A' [(G w) * (B' x)]
 * </pre>
 */
final class ToomCook {
  /** B' [points, points]. */
  final double[][] input;

  /** G [points, weights]. */
  final double[][] kernel;

  /** A' [outputs, points]. */
  final double[][] output;

  private ToomCook(double[][] input, double[][] kernel, double[][] output) {
    this.input = input;
    this.kernel = kernel;
    this.output = output;
  }

  /**
   * Returns the algorithm with the given interpolation points and infinity.
   *
   * @param taps the number of filter weights
   * @param points distinct numbers; their count is outputs + taps - 2
   */
  static ToomCook of(int taps, double... points) {
    int n = points.length + 1;
    int outputs = n - taps + 1;
    double[][] input = new double[n][];
    double[][] kernel = new double[n][taps];
    double[][] output = new double[outputs][n];
    for (int i = 0; i < points.length; i++) {
      input[i] = monic(points, i);
      double weight = 1;
      for (int j = 0; j < points.length; j++) {
        weight *= i == j ? 1 : points[i] - points[j];
      }
      for (int k = 0; k < taps; k++) {
        kernel[i][k] = Math.pow(points[i], k) / weight;
      }
      for (int k = 0; k < outputs; k++) {
        output[k][i] = Math.pow(points[i], k);
      }
    }
    input[n - 1] = monic(points, -1);
    kernel[n - 1][taps - 1] = 1;
    output[outputs - 1][n - 1] = 1;
    return new ToomCook(input, kernel, output);
  }

  /**
   * Returns the coefficients, lowest degree first, of the monic polynomial with all of these roots
   * except one.
   */
  private static double[] monic(double[] roots, int without) {
    double[] coefficients = new double[roots.length + 1];
    coefficients[0] = 1;
    for (int i = 0; i < roots.length; i++) {
      if (i != without) {
        for (int k = roots.length; k > 0; k--) {
          coefficients[k] = coefficients[k - 1] - roots[i] * coefficients[k];
        }
        coefficients[0] *= -roots[i];
      }
    }
    return coefficients;
  }
}
