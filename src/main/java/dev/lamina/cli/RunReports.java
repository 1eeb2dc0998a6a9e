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

/** The report of a run, and the pictures of its test. */
final class RunReports {
  private RunReports() {}

  /** Writes the report of a run that goes on: its curves so far, what it was started with. */
  static void write(RunConfig config, Path folder, Model model, History history) {
    report(config, folder, model, history).write(file(folder));
  }

  /**
   * Writes the report of a finished run, with the results of its test and all pictures; a run must
   * not fail because of them. Returns a line that says where they are.
   */
  static String write(
      RunConfig config, Path folder, Model model, History history, Evaluation test, ImageSet set) {
    try {
      EvaluationPictures.write(test, set, RunConfig.plots(folder));
      report(config, folder, model, history)
          .epoch(RunArtifacts.chosen(config, history).number())
          .evaluation(test)
          .pictures(RunConfig.plots(folder))
          .write(file(folder));
      return file(folder).toString();
    } catch (RuntimeException | Error e) { // Without its native libraries AWT throws an Error.
      return "none: it could not be written (%s)".formatted(Messages.singleLine(e));
    }
  }

  private static Path file(Path folder) {
    return folder.resolve("report.html");
  }

  private static RunReport report(RunConfig config, Path folder, Model model, History history) {
    return RunReport.of(
            folder.toAbsolutePath().getFileName() + ": " + config.describeNetwork(),
            HistoryCsv.read(RunConfig.history(folder)))
        .steps(RunConfig.log(folder))
        .imagesPerEpoch(history.last().training().images())
        .configuration(config.choices())
        .environment(config.environment())
        .summary(model.summary());
  }
}
