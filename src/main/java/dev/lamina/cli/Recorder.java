package dev.lamina.cli;

import dev.lamina.data.ImageSet;
import dev.lamina.report.HistoryCsv;
import dev.lamina.report.Plots;
import dev.lamina.train.Callback;
import dev.lamina.train.Epoch;
import dev.lamina.train.RunHandle;
import dev.lamina.train.RunPlan;
import java.nio.file.Path;

/** Keeps configuration, weights, history and plots on disk up to date while training goes on. */
final class Recorder implements Callback {
  private final RunConfig config;
  private final Path folder;
  private final ImageSet images;

  Recorder(RunConfig config, Path folder, ImageSet images) {
    this.config = config;
    this.folder = folder;
    this.images = images;
  }

  /** Not before: a run that is resumed wrongly is refused by now. */
  @Override
  public void onStart(RunPlan plan, RunHandle run) {
    config.write(folder);
    Plots.writeSchedule(config.recipe().schedule(), plan.steps(), plots());
    Samples.write(images, config.recipe().augmentations(), plots().resolve("samples.png"));
  }

  @Override
  public void onEpoch(Epoch epoch, RunHandle run) {
    run.saveWeights(
        RunConfig.weights(folder),
        config.facts(epoch.number(), epoch.validation().orElseThrow().accuracy()));
    HistoryCsv.write(run.history(), RunConfig.history(folder));
    Plots.writeHistory(run.history(), plots());
  }

  private Path plots() {
    return RunConfig.plots(folder);
  }
}
