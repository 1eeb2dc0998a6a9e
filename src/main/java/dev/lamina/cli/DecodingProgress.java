package dev.lamina.cli;

import dev.lamina.data.ReadOptions;
import dev.lamina.io.ProgressText;
import dev.lamina.io.Terminal;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Shows how many images are decoded: in a terminal a bar that disappears, otherwise a line every
 * half minute.
 */
final class DecodingProgress implements ReadOptions.Listener, AutoCloseable {
  private static final double SECONDS_BETWEEN_LINES = 30;

  private final PrintStream out;
  private final boolean terminal;
  private final double secondsBetweenLines;
  private @Nullable ProgressBar bar;
  private long lastShown = System.nanoTime();

  DecodingProgress(PrintStream out, boolean terminal, double secondsBetweenLines) {
    this.out = out;
    this.terminal = terminal;
    this.secondsBetweenLines = secondsBetweenLines;
  }

  static DecodingProgress console() {
    return new DecodingProgress(System.err, Terminal.isErrorInteractive(), SECONDS_BETWEEN_LINES);
  }

  static DecodingProgress none() {
    return new DecodingProgress(System.err, false, Double.POSITIVE_INFINITY);
  }

  @Override
  public synchronized void onDecoded(int done, int total) {
    if (terminal) {
      bar(total).step();
    } else if ((System.nanoTime() - lastShown) / 1e9 >= secondsBetweenLines) {
      lastShown = System.nanoTime();
      out.printf(Locale.ROOT, "decoded %,d of %,d images%n", done, total);
    }
  }

  private ProgressBar bar(int total) {
    ProgressBar current = bar;
    if (current == null) {
      current =
          new ProgressBarBuilder()
              .setInitialMax(total)
              .setRenderer(
                  (state, columns) ->
                      line(
                          state.getCurrent(),
                          state.getMax(),
                          state.getElapsedAfterStart().toMillis() / 1e3,
                          columns))
              .setUpdateIntervalMillis(200)
              .clearDisplayOnFinish()
              .setConsumer(new ConsoleProgressBarConsumer(out))
              .build();
      bar = current;
    }
    return current;
  }

  /** Returns how far it is, with all that fits. */
  static String line(long done, long total, double seconds, int columns) {
    String line = String.format(Locale.ROOT, "decoding %,d of %,d images", done, total);
    double rate = done / seconds;
    long left = Math.round((total - done) / rate);
    for (String more :
        List.of(
            "  " + ProgressText.duration(left) + " left",
            String.format(Locale.ROOT, "  %.0f images/s", rate))) {
      if (done > 0 && line.length() + more.length() <= columns) {
        line += more;
      }
    }
    return ProgressText.withBar(line, "", (double) done / total, columns);
  }

  @Override
  public synchronized void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
