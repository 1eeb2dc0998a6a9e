package dev.lamina.torture;

import dev.lamina.Threads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.LongPredicate;
import java.util.stream.Stream;

/** Trainings on a busy machine, each of which is sent two signals in the middle of a step. */
final class DoubleSignals {
  private static final int BUSY_THREADS = 4;

  /** The statuses of the signals. */
  private static final List<Integer> STATUS = List.of(128 + 2, 128 + 15);

  private DoubleSignals() {}

  /** Returns how many died as they should; throws if one crashed or ended otherwise. */
  static String run(Limit limit, Path scratch) throws Exception {
    Path data = TrainCommandProcess.images(scratch);
    Random random = new Random(1);
    Threads busy = Threads.start(BUSY_THREADS, DoubleSignals::work);
    long done = 0;
    LongPredicate enough = limit.start();
    while (!enough.test(done)) {
      once(data, Files.createDirectory(scratch.resolve("run" + done)), random);
      done++;
    }
    busy.stop();
    return done + " processes were sent two signals in a step: all died of them, none crashed";
  }

  private static void work() {
    long sum = 0;
    for (int i = 0; i < 1_000_000; i++) {
      sum += Integer.toString(i).length();
    }
    if (sum == 0) {
      throw new IllegalStateException();
    }
  }

  private static void once(Path data, Path folder, Random random) throws Exception {
    Path run = folder.resolve("run");
    // A step takes seconds.
    Object[] options = {
      "--data", data, "--run", run, "--width", 64, "--epochs", 1, "--batch-size", 90
    };
    TrainCommandProcess process = new TrainCommandProcess(folder, options);
    process.awaitStep(run);
    Thread.sleep(random.nextInt(200));
    process.signal(random.nextBoolean() ? "TERM" : "INT");
    process.await(process.err, "stopping after this step");
    process.signal(random.nextBoolean() ? "TERM" : "INT");
    int status = process.process.waitFor();
    if (!STATUS.contains(status)
        || Files.readString(process.out).contains("fatal error")
        || hasCrashReport(folder)) {
      throw new IllegalStateException(
          "status %s, see %s and %s".formatted(status, process.out, process.err));
    }
  }

  private static boolean hasCrashReport(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.anyMatch(file -> file.getFileName().toString().startsWith("hs_err"));
    }
  }
}
