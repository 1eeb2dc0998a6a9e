package dev.lamina.torture;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lamina.cli.Launches;
import dev.lamina.distributed.Equality;
import dev.lamina.torture.FailingMain.How;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.LongPredicate;

/**
 * Runs of two workers of which one throws an error, is killed, stopped or terminated after some
 * step, in the form of Horovod's tests of elastic training: the launcher has to start all again,
 * each failure must be named, every step taken again must have the loss that it had, and the
 * weights must end where those of an undisturbed run end, bit for bit.
 */
final class Distributed {
  private static final List<How> HOWS = List.of(How.values());
  private static final int WORKERS = 2;
  private static final int FAILURES_PER_RUN = 3;

  /** Of five steps each: after the last failure, at step 24 at most, some are left. */
  private static final int EPOCHS = 8;

  private static final Duration TIMEOUT = Duration.ofSeconds(15);

  private record Failure(int rank, long step, How how) {}

  private final Path folder;
  private final Path data;
  private final Path twin;
  private final Random random;
  private int runs;
  private int failures;

  private Distributed(Path folder, long seed) throws IOException {
    this.folder = folder;
    random = new Random(seed);
    data = TrainCommandProcess.images(folder);
    twin = folder.resolve("twin");
  }

  /** Prints the table of equality, then goes on with failures until the limit. */
  static String run(Limit limit, Path scratch) throws Exception {
    Equality.print(Files.createDirectories(scratch.resolve("equality")), System.out);
    verify(Equality.namesSlowWorker(scratch), "the slow worker was not named");
    System.out.println("{\"slow\":\"worker 1 was named\"}");
    long seed = System.nanoTime();
    Distributed distributed = new Distributed(scratch, seed);
    distributed.run(limit.start());
    return "failures %d, runs %d, all ended bit for bit where the undisturbed one did, seed %d"
        .formatted(distributed.failures, distributed.runs, seed);
  }

  private void run(LongPredicate enough) throws IOException {
    launch(twin, List.of());
    while (!enough.test(failures)) {
      List<Failure> schedule = new ArrayList<>();
      long step = 0;
      while (schedule.size() < FAILURES_PER_RUN && !enough.test(failures)) {
        // A run takes a step or two more after SIGTERM.
        step += 3 + random.nextInt(6);
        How how = HOWS.get(failures % HOWS.size());
        schedule.add(new Failure(random.nextInt(WORKERS), step, how));
        failures++;
      }
      Path run = folder.resolve("run" + runs++);
      String said = launch(run, schedule);
      check(run, schedule, said);
    }
  }

  /** Runs to the end; returns what was printed. */
  private String launch(Path run, List<Failure> schedule) throws IOException {
    Files.createDirectories(run);
    for (Failure failure : schedule) {
      FailingMain.append(
          run.resolve("schedule.jsonl"),
          FailingMain.object()
              .put("rank", failure.rank())
              .put("step", failure.step())
              .put("how", failure.how().name()));
    }
    Path config = run.resolve("config.yaml");
    Files.writeString(config, "recipe: {callbacks: [{kind: Failing}]}");
    Path out = run.resolve("out.txt");
    int status;
    try (PrintWriter err = new PrintWriter(out.toFile(), StandardCharsets.UTF_8)) {
      status = Launches.run(words(run, config), WORKERS, TIMEOUT, FAILURES_PER_RUN, err);
    }
    String said = Files.readString(out);
    verify(status == 0, "status " + status + ": " + said);
    return said;
  }

  private List<String> words(Path run, Path config) {
    List<Object> words =
        List.of(
            FailingMain.class.getName(),
            run,
            "train",
            "--data",
            data,
            "--config",
            config,
            "--width",
            1,
            "--batch-size",
            18,
            "--epochs",
            EPOCHS,
            "--validation", // Of the last epoch are then the weights that are kept.
            0,
            "--run",
            run.resolve("run"));
    return words.stream().map(Object::toString).toList();
  }

  private void check(Path run, List<Failure> schedule, String said) throws IOException {
    for (int rank = 0; rank < WORKERS; rank++) {
      checkLog(FailingMain.read(run.resolve("log-" + rank + ".jsonl")), rank, schedule);
    }
    for (int i = 0; i < schedule.size(); i++) {
      String named = named(schedule.get(i));
      verify(said.contains(named), "not named: " + named + " in " + said);
      report(run, schedule.get(i), i);
    }
    verify(
        Files.mismatch(weights(run), weights(twin)) < 0,
        "different: " + weights(run) + " and the undisturbed run's");
  }

  private static Path weights(Path run) {
    return run.resolve("run/weights.safetensors");
  }

  /** Returns how the launcher has to name a failure. */
  private static String named(Failure failure) {
    return switch (failure.how()) {
      case EXCEPTION -> "worker " + failure.rank() + " failed first, with status 1";
      case SIGKILL -> "worker " + failure.rank() + " failed first, with status 137 (signal 9)";
      case SIGSTOP -> "worker " + failure.rank() + " does not answer; it was killed";
      case SIGTERM -> "failed first, with status 143 (signal 15)";
    };
  }

  /** Checks rank, size, starts, failures, and the loss of every step, of one worker. */
  private void checkLog(List<JsonNode> log, int rank, List<Failure> schedule) {
    Map<Long, Double> losses = new HashMap<>();
    events(FailingMain.read(twin.resolve("log-" + rank + ".jsonl")), "step")
        .forEach(line -> losses.put(line.path("step").asLong(), line.path("loss").asDouble()));
    int incarnation = -1;
    for (JsonNode line : log) {
      verify(line.path("rank").asInt() == rank && line.path("size").asInt() == WORKERS, line);
      long step = line.path("step").asLong();
      switch (line.path("event").asText()) {
        case "start" -> incarnation++;
        case "step" ->
            verify(losses.getOrDefault(step, -1.0) == line.path("loss").asDouble(), line);
        case "failure" -> {
          Failure failure = schedule.get(incarnation);
          verify(failure.rank() == rank && failure.step() == step, line);
        }
        default -> verify(line.path("event").asText().equals("end"), line);
      }
    }
    verify(incarnation == schedule.size(), "starts of rank " + rank + ": " + (incarnation + 1));
  }

  private static void report(Path run, Failure failure, int incarnation) {
    List<JsonNode> log = FailingMain.read(run.resolve("log-" + failure.rank() + ".jsonl"));
    List<JsonNode> failures = events(log, "failure");
    JsonNode failed =
        failures.stream()
            .filter(line -> line.path("step").asLong() == failure.step())
            .findFirst()
            .orElseThrow();
    JsonNode next = events(log, "start").get(incarnation + 1);
    System.out.println(
        FailingMain.object()
            .put("how", failure.how().name())
            .put("rank", failure.rank())
            .put("size", WORKERS)
            .put("incarnation", incarnation)
            .put("step", failure.step())
            .put("continuedFrom", next.path("step").asLong())
            .put(
                "seconds", (next.path("millis").asLong() - failed.path("millis").asLong()) / 1000));
  }

  private static List<JsonNode> events(List<JsonNode> log, String event) {
    return log.stream().filter(line -> line.path("event").asText().equals(event)).toList();
  }

  private static void verify(boolean condition, Object otherwise) {
    if (!condition) {
      throw new IllegalStateException(otherwise.toString());
    }
  }
}
