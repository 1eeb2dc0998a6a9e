package dev.lamina.train;

import dev.lamina.graph.State;
import dev.lamina.graph.Variable;
import java.util.List;
import java.util.Optional;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;

/**
 * Observes and controls a run. Every method does nothing unless it is overridden; all are called on
 * the thread that trains, in the order in which the callbacks were given to {@link
 * Trainer.Builder#callbacks}; those that {@link #runsLast()} come after the others.
 *
 * <pre>{@code
 * Callback halfAtEpochTen = new Callback() {
 *   public void onEpoch(Epoch epoch, RunHandle run) {
 *     if (epoch.number() == 10) {
 *       run.scaleLearningRate(0.5);
 *     }
 *   }
 * };
 * }</pre>
 *
 * <p>A callback that must continue exactly after a resume keeps its state in {@link
 * RunHandle#state}, not in fields.
 *
 * <p>If a method throws, the other callbacks are still told of the event, a checkpoint is written
 * if the run has {@link Checkpoints}, every callback gets {@link #onEnd}, and the run fails with a
 * {@link CallbackException} that names the callback. If it was {@link #onEpoch}, the resumed run
 * tells all callbacks of that epoch again, with the state that they had before.
 */
public interface Callback {
  /**
   * Returns the name in messages and of its state in checkpoints; the class's simple name. Two
   * callbacks of one name share a state, so two that watch the validation ({@link
   * #validationMetric}) are refused.
   */
  default String name() {
    String name = getClass().getSimpleName();
    return name.isEmpty() ? getClass().getName() : name;
  }

  /**
   * Returns the callback to use for one run; called before it starts. An immutable callback returns
   * a new object that holds the run's state; this object unless overridden.
   */
  default Callback forRun() {
    return this;
  }

  /**
   * Returns whether this callback is called after all others, as {@link Checkpoints} is, which
   * stores their state; false unless overridden.
   */
  default boolean runsLast() {
    return false;
  }

  /**
   * Returns whether every one of several workers has this callback; if not, only worker 0 has it,
   * as is right for what writes files or shows the run. All workers see the same metrics, and a
   * callback must do the same on all of them; true unless overridden.
   */
  default boolean onEveryWorker() {
    return true;
  }

  /**
   * Returns what this callback reads of the validation: {@code loss} or the name of a metric; empty
   * unless overridden. A run without it is refused before its first step.
   */
  default Optional<String> validationMetric() {
    return Optional.empty();
  }

  /**
   * Returns whether this callback is also told of the epochs of {@link Recipe#freezeEpochs}, as a
   * run of its own; false unless overridden.
   */
  default boolean duringFreezeEpochs() {
    return false;
  }

  /**
   * Adds operations to the graph of the step; see {@link dev.lamina.step.AfterUpdate}. Called
   * before {@link #onStart}, and again where another size of the images takes another step ({@link
   * Recipe#imageScales}): the variables of the step before are gone then, and those that are added
   * under their names get their values.
   */
  default List<Op> afterUpdate(Ops tf, State state, List<Variable> weights) {
    return List.of();
  }

  /** Called once, before the first step. A resumed run has been restored by then. */
  default void onStart(RunPlan plan, RunHandle run) {}

  /** Called after every step. */
  default void onStep(StepEvent event, RunHandle run) {}

  /** Called after every epoch, after the evaluation of the validation images. */
  default void onEpoch(Epoch epoch, RunHandle run) {}

  /** Called if the run was stopped before the end of its last epoch, before {@link #onEnd}. */
  default void onStop(RunHandle run) {}

  /** Called once at the end, also if training was stopped or failed. */
  default void onEnd(History history) {}
}
