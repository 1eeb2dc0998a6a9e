package dev.lamina.model;

import java.util.List;

/**
 * How well the probability of the predicted class tells how often the prediction is right (Guo et
 * al., "On Calibration of Modern Neural Networks", arXiv 1706.04599).
 *
 * @param bins 15 bins of equal width, the data of a reliability diagram; bin m holds the images
 *     whose predicted class has a probability in ((m - 1) / 15, m / 15]
 */
public record Calibration(List<Bin> bins) {
  static final int BINS = 15;

  /**
   * The images whose predictions are about equally confident.
   *
   * @param count the number of images
   * @param confidence the mean probability of the predicted class; NaN if there are no images
   * @param accuracy the share that was recognised; NaN if there are no images
   */
  public record Bin(long count, double confidence, double accuracy) {}

  /** Copies the list. */
  public Calibration {
    bins = List.copyOf(bins);
  }

  /** Returns the bin of a probability. */
  static int bin(double probability) {
    return Math.max(0, Math.min(BINS, (int) Math.ceil(probability * BINS)) - 1);
  }

  /**
   * Returns the expected calibration error (ECE, equation 3 of the paper): the mean over the images
   * of the difference between accuracy and confidence of their bin, in [0, 1].
   */
  public double expectedError() {
    long images = bins.stream().mapToLong(Bin::count).sum();
    return bins.stream()
        .filter(bin -> bin.count() > 0)
        .mapToDouble(bin -> bin.count() * Math.abs(bin.accuracy() - bin.confidence()) / images)
        .sum();
  }
}
