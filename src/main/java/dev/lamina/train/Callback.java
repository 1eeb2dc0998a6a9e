package dev.lamina.train;

/**
 * Watches a run. Every method does nothing unless it is overridden; all are called on the thread
 * that trains.
 */
public interface Callback {
  /** Called once, before the first step. */
  default void onStart(RunPlan plan, RunHandle run) {}

  /** Called after every step. */
  default void onStep(StepEvent event, RunHandle run) {}

  /** Called after every epoch, when the validation images have been evaluated. */
  default void onEpoch(Epoch epoch, RunHandle run) {}

  /** Called where the run was stopped before its last epoch was over; then comes the end. */
  default void onStop(RunHandle run) {}

  /** Called once at the end, also where training stopped early or failed. */
  default void onEnd(History history) {}
}
