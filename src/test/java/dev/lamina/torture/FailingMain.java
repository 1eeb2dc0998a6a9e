package dev.lamina.torture;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lamina.cli.Main;
import dev.lamina.registry.Options;
import dev.lamina.train.Callback;
import dev.lamina.train.CallbackTypes;
import dev.lamina.train.History;
import dev.lamina.train.RunHandle;
import dev.lamina.train.RunPlan;
import dev.lamina.train.StepEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;

/**
 * The command, as one of several workers that fail as a file says, each in its turn; with a
 * callback {@code Failing} that a recipe can have.
 *
 * <p>The file {@code schedule.jsonl} has a line for each start of all workers: the rank that fails,
 * after which step, and how. Beside it each worker logs what it does, as JSON lines: {@code
 * log-RANK.jsonl}.
 */
final class FailingMain {
  /** What a worker does after a step. */
  enum How {
    EXCEPTION,
    SIGKILL,
    SIGSTOP,
    SIGTERM
  }

  private static final JsonMapper JSON = new JsonMapper();

  private FailingMain() {}

  /** The folder of the schedule and the logs, then the words of the command. */
  public static void main(String[] args) {
    Failing failing =
        new Failing(
            Path.of(args[0]),
            Integer.parseInt(System.getenv("RANK")),
            Integer.parseInt(System.getenv("WORLD_SIZE")));
    CallbackTypes.REGISTRY.register(
        "Failing", Failing.class, x -> Options.none(), options -> failing);
    Main.main(Arrays.copyOfRange(args, 1, args.length));
  }

  /** Returns the objects of a file of JSON lines; none if it is not there. */
  static List<JsonNode> read(Path file) {
    try {
      return Files.exists(file)
          ? JSON.readerFor(JsonNode.class).<JsonNode>readValues(file.toFile()).readAll()
          : List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Appends an object to a file of JSON lines. */
  static void append(Path file, ObjectNode line) {
    try {
      Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static ObjectNode object() {
    return JSON.createObjectNode();
  }

  private record Failing(Path folder, int rank, int size) implements Callback {
    private Path log() {
      return folder.resolve("log-" + rank + ".jsonl");
    }

    private long starts() {
      return read(log()).stream()
          .filter(line -> line.path("event").asText().equals("start"))
          .count();
    }

    private void log(String event, long step, double loss) {
      append(
          log(),
          object()
              .put("event", event)
              .put("rank", rank)
              .put("size", size)
              .put("step", step)
              .put("millis", System.currentTimeMillis())
              .put("loss", loss));
    }

    @Override
    public void onStart(RunPlan plan, RunHandle run) {
      log("start", plan.done(), 0);
    }

    @Override
    public void onStep(StepEvent event, RunHandle run) {
      log("step", event.step(), run.metrics().loss());
      List<JsonNode> schedule = read(folder.resolve("schedule.jsonl"));
      int incarnation = Math.toIntExact(starts()) - 1;
      if (incarnation < schedule.size()) {
        JsonNode failure = schedule.get(incarnation);
        if (failure.path("rank").asInt() == rank && failure.path("step").asLong() == event.step()) {
          log("failure", event.step(), 0);
          fail(How.valueOf(failure.path("how").asText()));
        }
      }
    }

    @Override
    public void onEnd(History history) {
      log("end", 0, 0);
    }

    private static void fail(How how) {
      if (how == How.EXCEPTION) {
        throw new AssertionError("scheduled");
      }
      String signal = how.name().substring("SIG".length());
      try {
        new ProcessBuilder("kill", "-" + signal, Long.toString(ProcessHandle.current().pid()))
            .start()
            .waitFor();
        // The signal may come a moment later; only SIGTERM lets the run go on.
        Thread.sleep(how == How.SIGTERM ? 0 : 60_000);
      } catch (IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
