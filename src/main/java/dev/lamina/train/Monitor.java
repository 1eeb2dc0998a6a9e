package dev.lamina.train;

import com.google.common.base.Preconditions;

/**
 * The number that a callback watches from epoch to epoch, and whether it has improved: the
 * validation loss or a validation metric.
 *
 * @param metric {@code loss}, which should decrease, or the name of a metric, which should increase
 * @param minDelta the smallest change that counts as an improvement
 */
record Monitor(String metric, double minDelta) {
  private static final String BEST = "best";

  Monitor {
    Preconditions.checkArgument(
        minDelta >= 0 && Double.isFinite(minDelta),
        "minDelta must be finite and not negative, got %s",
        minDelta);
  }

  /**
   * Returns whether the epoch improved on all before it, and keeps its number if so.
   *
   * @throws IllegalArgumentException if the run has no validation, or no such metric
   */
  boolean improved(Epoch epoch, CallbackState state) {
    double value =
        epoch
            .validation()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "the run must have validation images, has none; give them to fit, or set"
                            + " validationSplit"))
            .get(metric);
    // Larger is better for both.
    double score = metric.equals("loss") ? -value : value;
    if (score > state.get(BEST, Double.NEGATIVE_INFINITY) + minDelta) {
      state.put(BEST, score);
      return true;
    }
    return false;
  }
}
