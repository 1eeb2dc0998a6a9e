package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * The number that a callback watches from epoch to epoch, and whether it has improved: the
 * validation loss or a validation metric.
 *
 * @param metric {@code loss} or the name of a metric
 * @param minDelta the smallest change that counts as an improvement
 * @param lowest whether it should decrease
 */
record Monitor(String metric, double minDelta, boolean lowest) {
  private static final String BEST = "best";

  static void checkMinDelta(double minDelta) {
    checkArgument(
        minDelta >= 0 && Double.isFinite(minDelta),
        "minDelta must be finite and not negative, got %s",
        minDelta);
  }

  /**
   * Returns whether the epoch, which has validation, improved on all before it, and keeps its
   * number if so.
   */
  boolean improved(Epoch epoch, CallbackState state) {
    double value = epoch.validation().orElseThrow().get(metric);
    double score = lowest ? -value : value;
    if (score > state.get(BEST, Double.NEGATIVE_INFINITY) + minDelta) {
      state.put(BEST, score);
      return true;
    }
    return false;
  }
}
