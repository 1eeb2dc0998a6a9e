package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stops a run when its validation has not improved for some epochs, and restores the weights of the
 * best epoch, as Keras's callback of this name does with {@code restore_best_weights}. They are
 * also restored at the end of a run that was not stopped. A resumed run continues its count of
 * epochs; one that was stopped goes on only if it is resumed with more epochs, and then counts from
 * zero, as Keras does when {@code fit} is called again.
 *
 * @param patience the number of epochs without improvement after which the run stops
 * @param monitor {@code loss} (the cross-entropy, whatever is trained with) or the name of a metric
 *     of the validation; {@code loss} unless set. The metric says whether lower is better ({@link
 *     dev.lamina.metric.Metric#lowerIsBetter})
 * @param minDelta the smallest change that counts as an improvement; 0 unless set
 */
public record EarlyStopping(int patience, String monitor, double minDelta) implements Callback {
  private static final Logger LOG = LoggerFactory.getLogger(EarlyStopping.class);
  private static final String WAIT = "wait";

  /** How many epochs the run was to have when it was stopped. */
  private static final String EPOCHS = "epochs";

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
    if (plan.epochs() > state.get(EPOCHS, 0) && state.get(WAIT, 0) >= patience) {
      state.put(WAIT, 0); // Stopped before, and resumed with more epochs.
    }
    stopAfterPatience(run, plan.epochs());
  }

  @Override
  public void onEpoch(Epoch epoch, RunHandle run) {
    CallbackState state = run.state(name());
    if (new Monitor(monitor, minDelta, run.lowerIsBetter(monitor)).improved(epoch, state)) {
      state.put("weights", run.evaluationWeights());
      state.put(WAIT, 0);
    } else {
      state.put(WAIT, state.get(WAIT, 0) + 1);
    }
    stopAfterPatience(run, run.recipe().epochs());
  }

  private void stopAfterPatience(RunHandle run, int epochs) {
    CallbackState state = run.state(name());
    int wait = (int) state.get(WAIT, 0);
    if (wait < patience) {
      return;
    }
    state.put(EPOCHS, epochs);
    int done = run.history().epochs().size();
    if (done < epochs) {
      LOG.info(
          "stopped early after epoch {} of {}: {} has not improved for {} epochs; resume with more"
              + " epochs to go on",
          done,
          epochs,
          monitor,
          wait);
    }
    run.stop();
  }
}
