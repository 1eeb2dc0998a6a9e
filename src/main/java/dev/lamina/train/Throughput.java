package dev.lamina.train;

import com.google.common.base.Splitter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs after every epoch how fast it was and how much memory was taken: images a second, including
 * the evaluation; the largest use of the Java heap after a step; and, on Linux, the largest
 * resident memory of the process, in which TensorFlow's is contained. The numbers are kept under
 * the name {@code Throughput} in the run's state, for the callbacks after this one.
 */
public record Throughput() implements Callback {
  /** The name of the state. */
  public static final String NAME = "Throughput";

  /** The key of the images a second. */
  public static final String IMAGES_PER_SECOND = "images_per_second";

  /** The key of the largest use of the heap, in bytes. */
  public static final String HEAP_BYTES = "heap_bytes";

  /** The key of the largest resident memory of the process, in bytes; missing if not known. */
  public static final String PROCESS_BYTES = "process_bytes";

  private static final Logger LOG = LoggerFactory.getLogger(Throughput.class);
  private static final Path STATUS = Path.of("/proc/self/status");

  /** Returns the callback. */
  public static Throughput create() {
    return new Throughput();
  }

  @Override
  public boolean onEveryWorker() {
    return false;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public void onStep(StepEvent event, RunHandle run) {
    Runtime runtime = Runtime.getRuntime();
    CallbackState state = run.state(NAME);
    double used = runtime.totalMemory() - runtime.freeMemory();
    state.put(HEAP_BYTES, Math.max(used, state.get(HEAP_BYTES, 0)));
  }

  @Override
  public void onEpoch(Epoch epoch, RunHandle run) {
    CallbackState state = run.state(NAME);
    state.put(IMAGES_PER_SECOND, epoch.training().images() / epoch.seconds());
    double process = processBytes();
    if (process > 0) {
      state.put(PROCESS_BYTES, process);
    }
    LOG.info(
        String.format(
            Locale.ROOT,
            "epoch %d: %.1f images/s, Java heap at most %.0f MB%s",
            epoch.number(),
            state.get(IMAGES_PER_SECOND, 0),
            state.get(HEAP_BYTES, 0) / 1e6,
            process > 0
                ? String.format(Locale.ROOT, ", process at most %.0f MB", process / 1e6)
                : ""));
  }

  /** Returns the peak of the resident set, which Linux counts; 0 elsewhere. */
  private static double processBytes() {
    if (!Files.isReadable(STATUS)) {
      return 0;
    }
    try {
      return Files.readAllLines(STATUS).stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .map(line -> Splitter.onPattern("\\s+").splitToList(line).get(1))
          .mapToDouble(kilobytes -> Double.parseDouble(kilobytes) * 1024)
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      return 0;
    }
  }
}
