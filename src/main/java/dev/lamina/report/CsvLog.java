package dev.lamina.report;

import dev.lamina.train.Callback;
import dev.lamina.train.Epoch;
import dev.lamina.train.RunHandle;
import java.nio.file.Path;

/**
 * Writes the history as CSV after every epoch, as {@link HistoryCsv} does; that of a resumed run
 * from its first epoch on.
 *
 * @param file the file, which is replaced
 */
public record CsvLog(Path file) implements Callback {
  /** Returns the callback that writes a file. */
  public static CsvLog to(Path file) {
    return new CsvLog(file);
  }

  @Override
  public boolean onEveryWorker() {
    return false;
  }

  @Override
  public void onEpoch(Epoch epoch, RunHandle run) {
    HistoryCsv.write(run.history(), file);
  }
}
