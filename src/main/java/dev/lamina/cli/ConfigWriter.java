package dev.lamina.cli;

import dev.lamina.train.Callback;
import dev.lamina.train.RunHandle;
import dev.lamina.train.RunPlan;
import java.nio.file.Path;

/**
 * Writes the configuration of a run when training starts, that of the classifier alone too: not
 * before, so that a wrongly resumed run has been rejected.
 */
record ConfigWriter(RunConfig config, Path folder) implements Callback {
  @Override
  public boolean onEveryWorker() {
    return false;
  }

  @Override
  public boolean duringFreezeEpochs() {
    return true;
  }

  @Override
  public void onStart(RunPlan plan, RunHandle run) {
    config.write(folder);
  }
}
