package dev.lamina.torture;

import static dev.lamina.torture.FailingRuns.verify;

import dev.lamina.cli.Launches;
import dev.lamina.distributed.Equality;
import dev.lamina.torture.FailingMain.How;
import dev.lamina.torture.FailingRuns.Failure;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.LongPredicate;

/**
 * Runs of two workers of which one throws an error, is killed, stopped or terminated after some
 * step, in the form of Horovod's tests of elastic training: the launcher has to start all again,
 * and each failure must be named.
 */
final class Distributed {
  private static final List<How> HOWS = List.of(How.values());
  private static final int FAILURES_PER_RUN = 3;

  /** Long, for busy machines: a worker that does not get a processor seems to be stopped. */
  static final Duration TIMEOUT = Duration.ofSeconds(60);

  private final FailingRuns runs;
  private final Random random;
  private int count;
  private int failures;

  private Distributed(FailingRuns runs, long seed) {
    this.runs = runs;
    random = new Random(seed);
  }

  /** Prints the table of equality, then goes on with failures until the limit. */
  static String run(Limit limit, Path scratch) throws Exception {
    Equality.print(Files.createDirectories(scratch.resolve("equality")), System.out);
    verify(Equality.namesSlowWorker(scratch), "the slow worker was not named");
    System.out.println("{\"slow\":\"worker 1 was named\"}");
    long seed = System.nanoTime();
    FailingRuns runs = new FailingRuns(scratch);
    Distributed distributed = new Distributed(runs, seed);
    distributed.launch(runs.twin(), List.of());
    Networks.run(runs, new Random(seed));
    distributed.run(limit.start());
    return "failures %d, runs %d, all ended bit for bit where the undisturbed one did, seed %d"
        .formatted(distributed.failures, distributed.count, seed);
  }

  private void run(LongPredicate enough) throws IOException {
    while (!enough.test(failures)) {
      List<Failure> schedule = new ArrayList<>();
      long step = 0;
      while (schedule.size() < FAILURES_PER_RUN && !enough.test(failures)) {
        // A run takes a step or two more after SIGTERM.
        step += 3 + random.nextInt(6);
        How how = HOWS.get(failures % HOWS.size());
        schedule.add(new Failure(random.nextInt(FailingRuns.WORKERS), step, how));
        failures++;
      }
      Path run = runs.run("run" + count++);
      runs.check(run, schedule, launch(run, schedule));
    }
  }

  /** Runs to the end; returns what was printed. */
  private String launch(Path run, List<Failure> schedule) throws IOException {
    List<String> program = runs.program(run, schedule);
    Path out = run.resolve("out.txt");
    int status;
    try (PrintWriter err = new PrintWriter(out.toFile(), StandardCharsets.UTF_8)) {
      status = Launches.run(program, FailingRuns.WORKERS, TIMEOUT, FAILURES_PER_RUN, err);
    }
    String said = Files.readString(out);
    verify(status == 0, "status " + status + ": " + said);
    return said;
  }
}
