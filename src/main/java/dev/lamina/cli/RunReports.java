package dev.lamina.cli;

import dev.lamina.data.ImageSet;
import dev.lamina.io.Messages;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Model;
import dev.lamina.report.EvaluationPictures;
import dev.lamina.report.HistoryCsv;
import dev.lamina.report.RunReport;
import dev.lamina.train.History;
import java.nio.file.Path;

/** The pictures of a run's test, and its report. */
final class RunReports {
  private RunReports() {}

  /** Writes them; a run must not fail because of them. Returns a line that says where they are. */
  static String write(
      RunConfig config, Path folder, Model model, History history, Evaluation test, ImageSet set) {
    Path file = folder.resolve("report.html");
    try {
      EvaluationPictures.write(test, set, RunConfig.plots(folder));
      RunReport.of(
              folder.toAbsolutePath().getFileName() + ": " + config.describeNetwork(),
              HistoryCsv.read(RunConfig.history(folder)))
          .imagesPerEpoch(history.last().training().images())
          .evaluation(test)
          .pictures(RunConfig.plots(folder))
          .configuration(config.choices())
          .environment(config.environment())
          .summary(model.summary())
          .write(file);
      return file.toString();
    } catch (RuntimeException | Error e) { // Without its native libraries AWT throws an Error.
      return "none: it could not be written (%s)".formatted(Messages.singleLine(e));
    }
  }
}
