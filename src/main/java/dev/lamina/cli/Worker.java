package dev.lamina.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * A process that {@link Launcher} started; its output and errors are printed with its rank before
 * each line.
 */
final class Worker {
  private static final int LAST_LINES = 10;

  private final int rank;
  private final Process process;
  private final List<Thread> printing;
  private final Deque<String> lastLines = new ArrayDeque<>();
  private volatile long ended = Long.MAX_VALUE;

  private Worker(int rank, Process process, PrintWriter out, PrintWriter err) {
    this.rank = rank;
    this.process = process;
    printing =
        List.of(
            new Thread(() -> watch(out)),
            new Thread(() -> print(process.errorReader(StandardCharsets.UTF_8), err)));
  }

  static Worker start(int rank, ProcessBuilder builder, PrintWriter out, PrintWriter err)
      throws IOException {
    Worker worker = new Worker(rank, builder.start(), out, err);
    for (Thread thread : worker.printing) {
      thread.setName("worker-" + rank);
      thread.setDaemon(true);
      thread.start();
    }
    return worker;
  }

  private void watch(PrintWriter out) {
    print(process.inputReader(StandardCharsets.UTF_8), out);
    process.onExit().join();
    ended = System.nanoTime();
  }

  private void print(BufferedReader stream, PrintWriter out) {
    try (BufferedReader reader = stream) {
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

  /** Waits until what it has printed before its end is printed here. */
  void awaitOutput() throws InterruptedException {
    for (Thread thread : printing) {
      thread.join(1000);
    }
  }

  /** Returns the last lines that it has printed. */
  List<String> lastLines() throws InterruptedException {
    awaitOutput();
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
