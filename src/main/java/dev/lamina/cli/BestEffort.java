package dev.lamina.cli;

import dev.lamina.io.Messages;
import dev.lamina.train.Callback;
import dev.lamina.train.Epoch;
import dev.lamina.train.History;
import dev.lamina.train.RunHandle;
import dev.lamina.train.RunPlan;
import dev.lamina.train.StepEvent;
import java.nio.file.Path;
import java.util.Locale;

/**
 * A callback that writes what a run can do without: whatever it throws, the run goes on, with one
 * warning. It is told of later events all the same: the disk may have space again.
 */
final class BestEffort implements Callback {
  private final Callback callback;
  private final Path file;
  private boolean warned;

  /**
   * @param callback the callback
   * @param file what it writes, for the warning
   */
  BestEffort(Callback callback, Path file) {
    this.callback = callback;
    this.file = file;
  }

  @Override
  public Callback forRun() {
    return new BestEffort(callback.forRun(), file);
  }

  @Override
  public boolean onEveryWorker() {
    return callback.onEveryWorker();
  }

  @Override
  public void onStart(RunPlan plan, RunHandle run) {
    attempt(() -> callback.onStart(plan, run));
  }

  @Override
  public void onStep(StepEvent event, RunHandle run) {
    attempt(() -> callback.onStep(event, run));
  }

  @Override
  public void onEpoch(Epoch epoch, RunHandle run) {
    attempt(() -> callback.onEpoch(epoch, run));
  }

  @Override
  public void onStop(RunHandle run) {
    attempt(() -> callback.onStop(run));
  }

  @Override
  public void onEnd(History history) {
    attempt(() -> callback.onEnd(history));
  }

  private void attempt(Runnable event) {
    Extra.attempt(event, this::warn);
  }

  private void warn(Throwable e) {
    if (!warned) {
      warned = true;
      System.err.printf(
          Locale.ROOT,
          "%nlamina: %s is incomplete (%s); training continues%n",
          file,
          Messages.reason(e));
    }
  }
}
