package dev.lamina.train;

/** Stops a run, as Ctrl-C does, at a step that a test chooses. */
public final class StopAfter {
  private StopAfter() {}

  /** Returns a callback that stops the run once it has taken a number of steps. */
  public static Callback stopAfter(long steps) {
    return new Callback() {
      @Override
      public void onStep(StepEvent event, RunHandle run) {
        if (event.step() == steps - 1) {
          run.stop();
        }
      }
    };
  }
}
