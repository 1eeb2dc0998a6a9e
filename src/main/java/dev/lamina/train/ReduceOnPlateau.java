package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Optional;

/**
 * Lowers the learning rate when the validation has stopped improving, on top of the schedule, as
 * Keras's {@code ReduceLROnPlateau} does, whose patience and minDelta mean the same. PyTorch's
 * scheduler of that name waits for one more epoch than its patience, and its {@code threshold} is
 * relative, 1e-4 unless set. A resumed run continues its count of epochs.
 *
 * @param factor the factor of the learning rate, in (0, 1)
 * @param patience the number of epochs without improvement before a reduction
 * @param monitor {@code loss} (the cross-entropy, whatever is trained with) or the name of a metric
 *     of the validation; {@code loss} unless set. The metric says whether lower is better ({@link
 *     dev.lamina.metric.Metric#lowerIsBetter})
 * @param minDelta the smallest change that counts as an improvement; 0 unless set
 */
public record ReduceOnPlateau(double factor, int patience, String monitor, double minDelta)
    implements Callback {
  /**
   * Checks that the factor is in (0, 1), patience positive, and minDelta finite and not negative.
   */
  public ReduceOnPlateau {
    checkArgument(factor > 0 && factor < 1, "factor must be in (0, 1), got %s", factor);
    checkArgument(patience > 0, "patience must be positive, got %s", patience);
    Monitor.checkMinDelta(minDelta);
  }

  /**
   * Returns the callback that watches the validation loss.
   *
   * @param factor the factor of the learning rate, in (0, 1)
   * @param patience the number of epochs without improvement before a reduction
   */
  public static ReduceOnPlateau of(double factor, int patience) {
    return new ReduceOnPlateau(factor, patience, "loss", 0);
  }

  /** Returns this callback watching another number: {@code loss} or the name of a metric. */
  public ReduceOnPlateau monitor(String metric) {
    return new ReduceOnPlateau(factor, patience, metric, minDelta);
  }

  /** Returns this callback with another smallest change that counts as an improvement. */
  public ReduceOnPlateau minDelta(double minDelta) {
    return new ReduceOnPlateau(factor, patience, monitor, minDelta);
  }

  @Override
  public String name() {
    return "ReduceOnPlateau(" + monitor + ")";
  }

  @Override
  public Optional<String> validationMetric() {
    return Optional.of(monitor);
  }

  @Override
  public void onEpoch(Epoch epoch, RunHandle run) {
    CallbackState state = run.state(name());
    if (new Monitor(monitor, minDelta, run.lowerIsBetter(monitor)).improved(epoch, state)) {
      state.put("wait", 0);
      return;
    }
    double wait = state.get("wait", 0) + 1;
    if (wait >= patience) {
      run.scaleLearningRate(factor);
      wait = 0;
    }
    state.put("wait", wait);
  }
}
