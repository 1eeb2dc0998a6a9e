package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Optional;

/**
 * Stops a run when its validation has not improved for some epochs, and restores the weights of the
 * best epoch, as Keras's callback of this name does with {@code restore_best_weights}. They are
 * also restored at the end of a run that was not stopped. A resumed run continues its count of
 * epochs.
 *
 * @param patience the number of epochs without improvement after which the run stops
 * @param monitor {@code loss} (the cross-entropy, whatever is trained with) or the name of a metric
 *     of the validation; {@code loss} unless set. The metric says whether lower is better ({@link
 *     dev.lamina.metric.Metric#lowerIsBetter})
 * @param minDelta the smallest change that counts as an improvement; 0 unless set
 */
public record EarlyStopping(int patience, String monitor, double minDelta) implements Callback {
  /** Checks that the patience is positive, and minDelta finite and not negative. */
  public EarlyStopping {
    checkArgument(patience > 0, "patience must be positive, got %s", patience);
    Monitor.checkMinDelta(minDelta);
  }

  /** Returns the callback that watches the validation loss. */
  public static EarlyStopping patience(int epochs) {
    return new EarlyStopping(epochs, "loss", 0);
  }

  /** Returns this callback watching another number: {@code loss} or the name of a metric. */
  public EarlyStopping monitor(String metric) {
    return new EarlyStopping(patience, metric, minDelta);
  }

  /** Returns this callback with another smallest change that counts as an improvement. */
  public EarlyStopping minDelta(double minDelta) {
    return new EarlyStopping(patience, monitor, minDelta);
  }

  @Override
  public String name() {
    return "EarlyStopping(" + monitor + ")";
  }

  @Override
  public Optional<String> validationMetric() {
    return Optional.of(monitor);
  }

  @Override
  public void onStart(RunPlan plan, RunHandle run) {
    CallbackState state = run.state(name());
    run.finalWeights(() -> state.weights("weights").orElseGet(run::evaluationWeights));
    if (state.get("wait", 0) >= patience) {
      run.stop();
    }
  }

  @Override
  public void onEpoch(Epoch epoch, RunHandle run) {
    CallbackState state = run.state(name());
    if (new Monitor(monitor, minDelta, run.lowerIsBetter(monitor)).improved(epoch, state)) {
      state.put("weights", run.evaluationWeights());
      state.put("wait", 0);
    } else {
      state.put("wait", state.get("wait", 0) + 1);
    }
    if (state.get("wait", 0) >= patience) {
      run.stop();
    }
  }
}
