package dev.lamina.cli;

import dev.lamina.data.ReadOptions;
import dev.lamina.io.Terminal;
import java.io.PrintStream;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
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
    return new DecodingProgress(System.err, Terminal.isInteractive(), SECONDS_BETWEEN_LINES);
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
              .setTaskName("decoding")
              .setInitialMax(total)
              .setUnit(" images", 1)
              .showSpeed()
              .setStyle(ProgressBarStyle.ASCII)
              .setUpdateIntervalMillis(200)
              .clearDisplayOnFinish()
              .setConsumer(new ConsoleProgressBarConsumer(out))
              .build();
      bar = current;
    }
    return current;
  }

  @Override
  public synchronized void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
