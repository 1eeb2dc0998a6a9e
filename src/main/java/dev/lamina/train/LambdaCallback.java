package dev.lamina.train;

import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * A callback of functions, as Keras's of this name.
 *
 * <pre>{@code
 * LambdaCallback.create().onEpoch((epoch, run) -> System.out.println(epoch.loss()))
 * }</pre>
 *
 * @param start called before the first step
 * @param step called after every step
 * @param epoch called after every epoch
 * @param stop called if the run was stopped before its end
 * @param end called at the end
 */
public record LambdaCallback(
    BiConsumer<RunPlan, RunHandle> start,
    BiConsumer<StepEvent, RunHandle> step,
    BiConsumer<Epoch, RunHandle> epoch,
    Consumer<RunHandle> stop,
    Consumer<History> end)
    implements Callback {
  /** Returns a callback that does nothing yet. */
  public static LambdaCallback create() {
    return new LambdaCallback(
        (plan, run) -> {}, (event, run) -> {}, (epoch, run) -> {}, run -> {}, history -> {});
  }

  /** Returns this callback with another function that is called before the first step. */
  public LambdaCallback onStart(BiConsumer<RunPlan, RunHandle> start) {
    return new LambdaCallback(start, step, epoch, stop, end);
  }

  /** Returns this callback with another function that is called after every step. */
  public LambdaCallback onStep(BiConsumer<StepEvent, RunHandle> step) {
    return new LambdaCallback(start, step, epoch, stop, end);
  }

  /** Returns this callback with another function that is called after every epoch. */
  public LambdaCallback onEpoch(BiConsumer<Epoch, RunHandle> epoch) {
    return new LambdaCallback(start, step, epoch, stop, end);
  }

  /** Returns this callback with another function that is called if the run was stopped. */
  public LambdaCallback onStop(Consumer<RunHandle> stop) {
    return new LambdaCallback(start, step, epoch, stop, end);
  }

  /** Returns this callback with another function that is called at the end. */
  public LambdaCallback onEnd(Consumer<History> end) {
    return new LambdaCallback(start, step, epoch, stop, end);
  }

  @Override
  public void onStart(RunPlan plan, RunHandle run) {
    start.accept(plan, run);
  }

  @Override
  public void onStep(StepEvent event, RunHandle run) {
    step.accept(event, run);
  }

  @Override
  public void onEpoch(Epoch finished, RunHandle run) {
    epoch.accept(finished, run);
  }

  @Override
  public void onStop(RunHandle run) {
    stop.accept(run);
  }

  @Override
  public void onEnd(History history) {
    end.accept(history);
  }
}
