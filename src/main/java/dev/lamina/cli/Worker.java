package dev.lamina.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * A process that {@link Launcher} started; its output is printed with its rank before each line.
 */
final class Worker {
  private static final int LAST_LINES = 10;

  private final int rank;
  private final Process process;
  private final Thread printing;
  private final Deque<String> lastLines = new ArrayDeque<>();
  private volatile long ended = Long.MAX_VALUE;

  private Worker(int rank, Process process, PrintWriter out) {
    this.rank = rank;
    this.process = process;
    printing = new Thread(() -> watch(out), "worker-" + rank);
    printing.setDaemon(true);
  }

  static Worker start(int rank, ProcessBuilder builder, PrintWriter out) throws IOException {
    Worker worker = new Worker(rank, builder.start(), out);
    worker.printing.start();
    return worker;
  }

  private void watch(PrintWriter out) {
    print(out);
    process.onExit().join();
    ended = System.nanoTime();
  }

  private void print(PrintWriter out) {
    try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        out.println("[" + rank + "] " + line);
        synchronized (lastLines) {
          lastLines.add(line);
          if (lastLines.size() > LAST_LINES) {
            lastLines.remove();
          }
        }
      }
    } catch (IOException e) {
      out.println("[" + rank + "] its output cannot be read: " + e);
    }
  }

  int rank() {
    return rank;
  }

  boolean isAlive() {
    return process.isAlive();
  }

  boolean failed() {
    return !isAlive() && status() != 0;
  }

  int status() {
    return process.exitValue();
  }

  /** Returns when it ended, on the clock of {@link System#nanoTime()}. */
  long ended() {
    return ended;
  }

  /** Returns the last lines that it has printed. */
  List<String> lastLines() throws InterruptedException {
    printing.join(1000);
    synchronized (lastLines) {
      return List.copyOf(lastLines);
    }
  }

  /** Asks it to stop after its step. The process itself would close its output too. */
  void terminate() {
    process.toHandle().destroy();
  }

  /** Ends it; does nothing if it has ended. */
  void kill() {
    process.toHandle().destroyForcibly();
  }
}
