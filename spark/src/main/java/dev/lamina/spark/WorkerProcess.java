package dev.lamina.spark;

import com.google.common.base.Splitter;
import com.google.common.net.HostAndPort;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process of a worker, a child of the executor. TensorFlow has one server in a process and
 * cannot stop it, so a second start of the workers needs new processes, and executors stay.
 */
final class WorkerProcess implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerProcess.class);
  private static final int MAX_LINES = 1000;

  /** What the command's errors begin with. */
  private static final String ERROR = "lamina: ";

  private final int rank;
  private final Process process;
  private final Thread reading;
  private final Deque<String> lines = new ArrayDeque<>();

  private WorkerProcess(int rank, Process process) {
    this.rank = rank;
    this.process = process;
    reading = new Thread(this::read, "lamina-worker-" + rank);
    reading.setDaemon(true);
  }

  /**
   * Starts a worker.
   *
   * @param threads how many threads TensorFlow takes
   * @param command the arguments of the command {@code lamina}
   */
  static WorkerProcess start(
      int rank,
      int size,
      HostAndPort coordinator,
      long timeoutSeconds,
      int threads,
      List<String> command)
      throws IOException {
    List<String> words = new ArrayList<>();
    words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    words.addAll(List.of("-XX:+UseSerialGC", "-Djava.awt.headless=true", "-Dfile.encoding=UTF-8"));
    words.addAll(
        Splitter.on(' ')
            .omitEmptyStrings()
            .splitToList(System.getenv().getOrDefault("LAMINA_JAVA_OPTS", "")));
    words.addAll(List.of("-cp", classPath(), WorkerMain.class.getName()));
    words.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
    Map<String, String> environment = builder.environment();
    environment.put("RANK", Integer.toString(rank));
    environment.put("WORLD_SIZE", Integer.toString(size));
    environment.put("MASTER_ADDR", coordinator.getHost());
    environment.put("MASTER_PORT", Integer.toString(coordinator.getPort()));
    environment.put("LAMINA_WORKER_TIMEOUT", Long.toString(timeoutSeconds));
    environment.putIfAbsent("TF_NUM_INTRAOP_THREADS", Integer.toString(threads));
    // With one alone, the messages of the others would wait until the backward pass has ended.
    environment.putIfAbsent("TF_NUM_INTEROP_THREADS", Integer.toString(Math.max(2, threads)));
    environment.putIfAbsent("TF_ENABLE_ONEDNN_OPTS", "1");
    environment.putIfAbsent("TF_CPP_MIN_LOG_LEVEL", "3");
    WorkerProcess worker = new WorkerProcess(rank, builder.start());
    worker.reading.start();
    return worker;
  }

  /** Returns the jars that were given to Spark, and then those of the executor itself. */
  private static String classPath() {
    List<String> path = new ArrayList<>();
    ClassLoader loader = Thread.currentThread().getContextClassLoader();
    for (; loader != null; loader = loader.getParent()) {
      if (loader instanceof URLClassLoader jars) {
        for (URL jar : jars.getURLs()) {
          path.add(Path.of(URI.create(jar.toString())).toString());
        }
      }
    }
    path.add(System.getProperty("java.class.path"));
    return String.join(File.pathSeparator, path);
  }

  private void read() {
    try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        LOG.info("[{}] {}", rank, line);
        synchronized (lines) {
          lines.add(line);
          if (lines.size() > MAX_LINES) {
            lines.remove();
          }
        }
      }
    } catch (IOException e) {
      LOG.warn("the output of worker {} cannot be read", rank, e);
    }
  }

  boolean waitFor(long time, TimeUnit unit) throws InterruptedException {
    return process.waitFor(time, unit);
  }

  /** Returns its exit status, once it has ended. */
  int status() {
    return process.exitValue();
  }

  /** Ends it, and returns its exit status. */
  int kill() throws InterruptedException {
    return process.destroyForcibly().waitFor();
  }

  /** Returns the last lines that it has printed, once it has ended. */
  List<String> lines() throws InterruptedException {
    reading.join(1000);
    synchronized (lines) {
      return List.copyOf(lines);
    }
  }

  /** Returns what it has said of its failure, in one line, once it has ended. */
  String failure() throws InterruptedException {
    return lines().stream()
        .filter(line -> line.startsWith(ERROR))
        .reduce((first, last) -> last)
        .map(line -> line.substring(ERROR.length()))
        .orElse("see the log of its executor");
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
