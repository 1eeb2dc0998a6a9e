package dev.lamina.torture;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lamina.torture.FailingMain.How;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs of two workers that fail as a schedule says: every step taken again must have the loss that
 * it had, and the weights must end where those of an undisturbed run end, bit for bit.
 */
final class FailingRuns {
  static final int WORKERS = 2;

  /** Of five steps each: after the last failure, at step 24 at most, some are left. */
  private static final int EPOCHS = 8;

  record Failure(int rank, long step, How how) {}

  private final Path folder;
  private final Path data;

  /**
   * Writes the images.
   *
   * @param folder that of all runs
   */
  FailingRuns(Path folder) throws IOException {
    this.folder = folder;
    data = TrainCommandProcess.images(folder);
  }

  /** Returns the folder of the undisturbed run. */
  Path twin() {
    return folder.resolve("twin");
  }

  /** Returns the folder of another run. */
  Path run(String name) {
    return folder.resolve(name);
  }

  /** Writes the schedule of a run, and returns the program of its workers. */
  List<String> program(Path run, List<Failure> schedule) throws IOException {
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
    return words(run, config);
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

  /** Checks a run that has ended, and reports its failures. */
  void check(Path run, List<Failure> schedule, String said) throws IOException {
    check(run, schedule, schedule.size() + 1);
    for (int i = 0; i < schedule.size(); i++) {
      String named = named(schedule.get(i));
      verify(said.contains(named), "not named: " + named + " in " + said);
      report(run, schedule.get(i), i);
    }
  }

  /** Checks the steps of a run that has ended after so many starts, and its weights. */
  void check(Path run, List<Failure> schedule, int starts) throws IOException {
    for (int rank = 0; rank < WORKERS; rank++) {
      checkLog(log(run, rank), rank, schedule, starts);
    }
    verify(
        Files.mismatch(weights(run), weights(twin())) < 0,
        "different: " + weights(run) + " and the undisturbed run's");
  }

  /** Returns what a worker has logged. */
  static List<JsonNode> log(Path run, int rank) {
    return FailingMain.read(run.resolve("log-" + rank + ".jsonl"));
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
  private void checkLog(List<JsonNode> log, int rank, List<Failure> schedule, int starts) {
    Map<Long, Double> losses = new HashMap<>();
    events(log(twin(), rank), "step")
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
    verify(incarnation + 1 == starts, "starts of rank " + rank + ": " + (incarnation + 1));
  }

  private static void report(Path run, Failure failure, int incarnation) {
    List<JsonNode> log = log(run, failure.rank());
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

  static List<JsonNode> events(List<JsonNode> log, String event) {
    return log.stream().filter(line -> line.path("event").asText().equals(event)).toList();
  }

  static void verify(boolean condition, Object otherwise) {
    if (!condition) {
      throw new IllegalStateException(otherwise.toString());
    }
  }
}
