package dev.lamina.torture;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.lamina.io.AtomicFiles;
import dev.lamina.train.Callback;
import dev.lamina.train.Checkpoint;
import dev.lamina.train.Checkpoints;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.LongPredicate;
import java.util.stream.Stream;

/**
 * Kills training processes with SIGKILL at random moments, resumes them, and compares their end
 * with that of an uninterrupted twin, bit for bit.
 */
final class Kills {
  /** A checkpoint is being written while the steps up to the next one are taken. */
  private static final int MAX_STEPS_LOST = 2 * TrainingProcess.STEPS_PER_CHECKPOINT;

  private final Path folder;
  private final Random random;
  private final int epochs;
  private long seed;
  private int units;
  private int runs;
  private int kills;
  private int killsWhileWriting;
  private int killsWhileStarting;
  private long mostStepsLost;

  /** Runs of so many epochs of ten steps each. */
  Kills(Path folder, long seed, int epochs) {
    this.folder = folder;
    this.epochs = epochs;
    random = new Random(seed);
  }

  /** Kills until the limit, and then lets the last run end. */
  static String run(Limit limit, Path scratch) throws Exception {
    long seed = System.nanoTime();
    Kills kills = new Kills(scratch, seed, 30);
    kills.run(limit.start());
    return kills.figures() + ", seed " + seed;
  }

  /**
   * Starts runs one after the other, each beside a twin, until there were enough kills.
   *
   * @throws IllegalStateException if something was lost or differs
   */
  void run(LongPredicate enough) throws IOException, InterruptedException {
    Path twin = folder.resolve("twin");
    Path run = folder.resolve("run");
    while (!enough.test(kills)) {
      MoreFiles.deleteDirectoryContents(folder, RecursiveDeleteOption.ALLOW_INSECURE);
      seed = random.nextLong();
      // Checkpoints of 2 or 8 MB.
      units = random.nextBoolean() ? 1024 : 4096;
      TrainingProcess.train(arguments(twin), new Callback() {});
      while (!step(run, enough)) {}
      compare(run, twin, "weights.safetensors", false);
      compare(run, twin, "history.csv", true);
      runs++;
    }
  }

  int kills() {
    return kills;
  }

  /** The figures so far. */
  String figures() {
    return "kills %d (%d while a checkpoint was half-written, %d while starting), runs finished %d, most steps repeated %d"
        .formatted(kills, killsWhileWriting, killsWhileStarting, runs, mostStepsLost);
  }

  private String[] arguments(Path run) {
    return new String[] {
      run.toString(), Long.toString(seed), Integer.toString(epochs), Integer.toString(units)
    };
  }

  private ProcessBuilder process(Path run) {
    return JavaProcess.of(TrainingProcess.class, (Object[]) arguments(run));
  }

  /** Starts or resumes a run, and says whether it came to its end before it was killed. */
  private boolean step(Path run, LongPredicate enough) throws IOException, InterruptedException {
    Process process = process(run).redirectError(new File(folder.toFile(), "errors.txt")).start();
    try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
      // One in six dies while it loads TensorFlow, reads the checkpoint and builds its graph.
      boolean early = random.nextInt(6) == 0;
      String line = early ? "" : reader.readLine();
      if (line == null) {
        throw new IllegalStateException(
            "did not start: " + Files.readString(folder.resolve("errors.txt")));
      }
      // One in three of the others dies while a checkpoint is on its way to the disk.
      boolean writing = !early && random.nextInt(3) == 0;
      boolean ended =
          enough.test(kills)
              ? process.waitFor() == 0
              : writing
                  ? endsBeforeItWrites(process, run)
                  : process.waitFor(random.nextInt(early ? 2500 : 900), TimeUnit.MILLISECONDS);
      // Not Process.destroyForcibly, which also closes the stream that is read below.
      process.toHandle().destroyForcibly();
      process.waitFor();
      if (ended) {
        if (process.exitValue() != 0) {
          throw new IllegalStateException(
              "failed: " + Files.readString(folder.resolve("errors.txt")));
        }
        return true;
      }
      kills++;
      List<String> said = reader.lines().toList();
      if (said.isEmpty()) {
        killsWhileStarting++;
      } else if (halfWritten(run)) {
        killsWhileWriting++;
      }
      checkNothingLost(run, said);
      return false;
    }
  }

  private static boolean endsBeforeItWrites(Process process, Path run)
      throws IOException, InterruptedException {
    while (!halfWritten(run)) {
      if (process.waitFor(1, TimeUnit.MILLISECONDS)) {
        return true;
      }
    }
    return false;
  }

  private static boolean halfWritten(Path run) throws IOException {
    if (!Files.isDirectory(run.resolve("checkpoints"))) {
      return false;
    }
    try (Stream<Path> files = Files.list(run.resolve("checkpoints"))) {
      return files.anyMatch(AtomicFiles::isTemporary);
    }
  }

  private void checkNothingLost(Path run, List<String> said) {
    long taken = said.isEmpty() ? 0 : lastNumber(said);
    long kept = Checkpoints.newest(run).map(Checkpoint::step).orElse(0L);
    if (taken - kept > MAX_STEPS_LOST) {
      throw new IllegalStateException(
          "lost: %s steps were taken, the newest checkpoint is after %s".formatted(taken, kept));
    }
    mostStepsLost = Math.max(mostStepsLost, taken - kept);
  }

  /** The last line may be cut; those before it are whole. */
  private static long lastNumber(List<String> said) {
    String line = said.get(Math.max(0, said.size() - 2));
    return line.equals("start") ? 0 : Long.parseLong(line);
  }

  private static void compare(Path run, Path twin, String file, boolean withoutSeconds)
      throws IOException {
    byte[] ours = content(run.resolve(file), withoutSeconds);
    byte[] theirs = content(twin.resolve(file), withoutSeconds);
    if (!Arrays.equals(ours, theirs)) {
      throw new IllegalStateException("different: " + run.resolve(file) + " and the twin's");
    }
  }

  /**
   * The time that an epoch took is the last column of the history, and the only one that may
   * differ.
   */
  private static byte[] content(Path file, boolean withoutSeconds) throws IOException {
    return withoutSeconds
        ? Files.readString(file).replaceAll(",[^,\n]*\n", "\n").getBytes(StandardCharsets.UTF_8)
        : Files.readAllBytes(file);
  }
}
