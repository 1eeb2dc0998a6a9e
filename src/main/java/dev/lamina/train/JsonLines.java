package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lamina.io.AtomicFiles;
import dev.lamina.step.Metrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Appends one JSON object a line to a file for each event: {@code start}, {@code epoch}, {@code
 * stop} and, if asked for, {@code step}. Each has the number of {@code steps} taken; a step has
 * loss and metrics of the {@code images} of its epoch so far. A line is written at once. A resumed
 * run appends, after removing what was written later than its checkpoint.
 *
 * @param file the file
 * @param every the number of steps between two {@code step} events; 0, the default, for none
 */
public record JsonLines(Path file, long every) implements Callback {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** Checks that every is not negative. */
  public JsonLines {
    checkArgument(every >= 0, "every must not be negative, got %s", every);
  }

  /** Returns the callback that writes epochs. */
  public static JsonLines to(Path file) {
    return new JsonLines(file, 0);
  }

  /** Returns this callback with an event after every so many steps. */
  public JsonLines everySteps(long every) {
    return new JsonLines(file, every);
  }

  @Override
  public boolean onEveryWorker() {
    return false;
  }

  @Override
  public void onStart(RunPlan plan, RunHandle run) {
    try {
      keep(plan.done(), run.history().epochs().size());
    } catch (IOException e) {
      throw new UncheckedIOException(file + " could not be read (" + e + ")", e);
    }
    append(
        event("start", plan.done())
            .put("epochs", plan.epochs())
            .put("steps_per_epoch", plan.stepsPerEpoch())
            .put("batch_size", plan.batchSize())
            .put("images", plan.images()));
  }

  @Override
  public void onStep(StepEvent step, RunHandle run) {
    if (every > 0 && (step.step() + 1) % every == 0) {
      ObjectNode event = event("step", step.step() + 1).put("epoch", step.epoch());
      event.put("learning_rate", step.learningRate()).put("momentum", step.momentum());
      Metrics soFar = run.metrics();
      put(event.put("images", soFar.images()), soFar);
      append(event);
    }
  }

  @Override
  public void onEpoch(Epoch epoch, RunHandle run) {
    ObjectNode event = event("epoch", epoch.steps()).put("epoch", epoch.number());
    put(event, epoch.training());
    epoch.validation().ifPresent(metrics -> put(event.putObject("validation"), metrics));
    event.put("learning_rate", epoch.learningRate()).put("momentum", epoch.momentum());
    event.put("seconds", epoch.seconds());
    run.state(Throughput.NAME).numbers().forEach(event::put);
    append(event);
  }

  @Override
  public void onStop(RunHandle run) {
    append(event("stop", run.steps()));
  }

  private static ObjectNode event(String name, long steps) {
    return JSON.createObjectNode().put("event", name).put("steps", steps);
  }

  private static void put(ObjectNode event, Metrics metrics) {
    event.put("loss", metrics.loss());
    metrics.values().forEach(event::put);
  }

  private void append(ObjectNode event) {
    try {
      AtomicFiles.createFolder(file.toAbsolutePath().resolveSibling(""));
      Files.writeString(file, event + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(file + " could not be written (" + e + ")", e);
    }
  }

  /** Keeps the whole lines of events up to a step. */
  private void keep(long steps, int epochs) throws IOException {
    if (!Files.exists(file)) {
      return;
    }
    if (steps == 0) { // Another run's file.
      AtomicFiles.writeString(file, "");
      return;
    }
    List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
    StringBuilder kept = new StringBuilder();
    lines.stream()
        .filter(line -> isBefore(line, steps, epochs))
        .forEach(line -> kept.append(line).append('\n'));
    AtomicFiles.writeString(file, kept.toString());
  }

  private static boolean isBefore(String line, long steps, int epochs) {
    try {
      JsonNode event = JSON.readTree(line);
      boolean told =
          !event.path("event").asText().equals("epoch") || event.path("epoch").asInt() <= epochs;
      return event.path("steps").asLong(Long.MAX_VALUE) <= steps && told;
    } catch (JsonProcessingException e) {
      return false; // Its writer was killed.
    }
  }
}
