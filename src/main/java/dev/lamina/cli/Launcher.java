package dev.lamina.cli;

import com.google.common.net.HostAndPort;
import dev.lamina.io.Terminal;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Starts the workers of this machine, waits for them, and starts all again if one fails.
 *
 * @param command the main class that every worker runs, and its arguments
 * @param local the number of workers on this machine
 * @param size the number of all workers
 * @param firstRank the rank of the first worker on this machine
 * @param timeout how long a worker waits for the others
 * @param out where the output of the workers is printed
 * @param err where their errors and those of the launcher are printed
 */
record Launcher(
    List<String> command,
    int local,
    int size,
    int firstRank,
    Duration timeout,
    PrintWriter out,
    PrintWriter err) {
  /** How long the other workers may take to notice that one has failed, and who. */
  private static final int GRACE_SECONDS = 40;

  private static final int MAX_BACK_OFF_SECONDS = 60;

  /** How a start of all workers has ended: 0, or the status of the worker that failed first. */
  private record End(int status, boolean repairable) {}

  /** Runs the workers until they have come to their end, or are out of restarts. */
  int run(HostAndPort coordinator, int maxRestarts) {
    try (Interrupts interrupts = Interrupts.listen("when the workers have written a checkpoint")) {
      for (int restarts = 0; ; restarts++) {
        End end = start(coordinator, interrupts);
        if (interrupts.status() != 0) {
          return interrupts.status();
        }
        if (end.status() == 0 || !end.repairable()) {
          return end.status();
        }
        if (restarts == maxRestarts) {
          say(
              "restarts are used up (--max-restarts %s); start again to continue the run",
              maxRestarts);
          return end.status();
        }
        int seconds = Math.min(MAX_BACK_OFF_SECONDS, 1 << Math.min(restarts, 10));
        say("starting all workers again in %s s (%s of %s)", seconds, restarts + 1, maxRestarts);
        TimeUnit.SECONDS.sleep(seconds);
        if (interrupts.status() != 0) {
          return interrupts.status();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Interrupts.TERMINATED;
    }
  }

  private End start(HostAndPort coordinator, Interrupts interrupts) throws InterruptedException {
    List<Worker> workers = new ArrayList<>();
    try {
      for (int i = 0; i < local; i++) {
        workers.add(Worker.start(firstRank + i, builder(i, coordinator), out, err));
      }
      interrupts.onSecondSignal(() -> workers.forEach(Worker::kill));
      interrupts.onSignal(() -> workers.forEach(Worker::terminate));
      return await(workers, interrupts);
    } catch (IOException e) {
      throw new UncheckedIOException("a worker could not be started (" + e + ")", e);
    } finally {
      interrupts.onSignal(() -> {});
      workers.forEach(Worker::kill);
      for (Worker worker : workers) {
        worker.awaitOutput();
      }
    }
  }

  /** Waits until all have ended, or one has failed and the others had time to notice. */
  private End await(List<Worker> workers, Interrupts interrupts) throws InterruptedException {
    while (workers.stream().anyMatch(Worker::isAlive)
        && workers.stream().noneMatch(Worker::failed)) {
      TimeUnit.MILLISECONDS.sleep(50);
    }
    if (workers.stream().noneMatch(Worker::failed)) {
      return new End(0, false);
    }
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(GRACE_SECONDS);
    while (workers.stream().anyMatch(Worker::isAlive) && System.nanoTime() < deadline) {
      TimeUnit.MILLISECONDS.sleep(50);
    }
    List<Worker> silent = workers.stream().filter(Worker::isAlive).toList();
    for (Worker worker : silent) {
      worker.kill();
      say("worker %s does not answer; it was killed", worker.rank());
    }
    return first(
        workers.stream().filter(worker -> !silent.contains(worker)).toList(), silent, interrupts);
  }

  /** Names what went wrong first: not a worker that only lost another one. */
  private End first(List<Worker> ended, List<Worker> silent, Interrupts interrupts)
      throws InterruptedException {
    List<Worker> failed =
        ended.stream()
            .filter(Worker::failed)
            .sorted(
                Comparator.comparing((Worker worker) -> worker.status() == Main.WORKER_LOST)
                    .thenComparing(Worker::ended))
            .toList();
    Worker first = failed.get(0);
    boolean lost = !silent.isEmpty() && first.status() == Main.WORKER_LOST;
    if (!lost && !interrupts.explains(first.status())) {
      say("worker %s failed first, with status %s%s", first.rank(), first.status(), signal(first));
      if (first.status() != Main.USER_ERROR) { // Else they are one, printed just above.
        first.lastLines().forEach(line -> err.println("  " + line));
      }
    }
    return new End(first.status(), first.status() != Main.USER_ERROR);
  }

  private static String signal(Worker worker) {
    int signal = worker.status() - 128;
    return signal > 0 ? " (signal " + signal + ")" : "";
  }

  private ProcessBuilder builder(int index, HostAndPort coordinator) {
    List<String> words = new ArrayList<>();
    words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    words.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    // The manifest says so for java -jar alone; without it newer JDKs warn.
    words.add("--enable-native-access=ALL-UNNAMED");
    words.addAll(List.of("-cp", System.getProperty("java.class.path")));
    words.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(words);
    Map<String, String> environment = builder.environment();
    environment.put("RANK", text(firstRank + index));
    environment.put("LOCAL_RANK", text(index));
    environment.put("WORLD_SIZE", text(size));
    environment.put("LOCAL_WORLD_SIZE", text(local));
    environment.put("MASTER_ADDR", coordinator.getHost());
    environment.put("MASTER_PORT", text(coordinator.getPort()));
    environment.put("LAMINA_WORKER_TIMEOUT", text(timeout.toSeconds()));
    // TensorFlow would take all processors for each of them.
    int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / local);
    environment.putIfAbsent("TF_NUM_INTRAOP_THREADS", text(threads));
    // With one alone, the messages of the others would wait until the backward pass has ended.
    environment.putIfAbsent("TF_NUM_INTEROP_THREADS", text(Math.max(2, threads)));
    if (firstRank + index == 0 && Terminal.isInteractive()) {
      builder.inheritIO(); // The progress bar needs the terminal.
    }
    return builder;
  }

  private static String text(long number) {
    return Long.toString(number);
  }

  private void say(String format, Object... values) {
    err.printf(Locale.ROOT, "lamina: " + format + "%n", values);
  }
}
