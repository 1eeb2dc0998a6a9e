package dev.lamina.train;

import static dev.lamina.train.StopAfter.stopAfter;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.schedule.Constant;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Callbacks that tell of a run or end it: no weights are changed. */
class LogsTest {
  private static final ImageSet IMAGES =
      ImageData.embedded().train().subset(IntStream.range(0, 5).toArray());

  @TempDir private Path folder;

  private History train(int epochs, Callback... callbacks) {
    try (Model model =
        Model.of(Network.input(32, 32, 3).then(GlobalAveragePool.create(), Dense.of(10)))) {
      return Trainer.builder()
          .schedule(Constant.of(0.25))
          .epochs(epochs)
          .batchSize(2)
          .callbacks(callbacks)
          .allowChanges("epochs")
          .build()
          .resume(folder, model, IMAGES, IMAGES);
    }
  }

  private String logged(Callback... callbacks) {
    return logged(() -> train(1, callbacks));
  }

  private static String logged(Runnable work) {
    PrintStream before = System.err;
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    System.setErr(new PrintStream(log, true, UTF_8));
    try {
      work.run();
    } finally {
      System.setErr(before);
    }
    return log.toString(UTF_8);
  }

  @Test
  void resume_withoutCheckpointsInTheFolder_warns() {
    String warning = "callbacks have no Checkpoints in " + folder;
    assertThat(logged(Checkpoints.in(folder.resolve(".")))).doesNotContain(warning);
    assertThat(logged(Checkpoints.in(folder.resolve("other")))).contains(warning);
    assertThat(logged()).contains(warning);
  }

  /** Others are new classes, as where a network is fine-tuned. */
  @Test
  void classesInAnotherOrder_areWarnedOf() {
    try (Model model =
        Model.of(Network.input(1, 1, 3).then(GlobalAveragePool.create(), Dense.of(2)))) {
      for (List<String> names : List.of(List.of("a", "b"), List.of("a", "b"), List.of("c", "a"))) {
        assertThat(logged(() -> Trainer.describe(model, ofClasses(names)))).isEmpty();
      }
      assertThat(logged(() -> Trainer.describe(model, ofClasses(List.of("a", "c")))))
          .contains("the images have the classes [c, a] in another order, got [a, c]");
    }
  }

  private static ImageSet ofClasses(List<String> names) {
    return ImageSet.of(1, 1, 3, new byte[6], new int[] {0, 1}, names);
  }

  private static List<JsonNode> events(Path file) throws IOException {
    List<JsonNode> events = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      events.add(new ObjectMapper().readTree(line));
    }
    return events;
  }

  private static String described(JsonNode event) {
    return event.get("event").asText() + " " + event.get("steps").asLong();
  }

  /** Three steps an epoch. The second run continues after step 4, whose line the first one has. */
  @Test
  void jsonLines_areAppendedAfterAResume_withoutDuplicates() throws IOException {
    Path file = folder.resolve("events.jsonl");
    Callback lines = JsonLines.to(file).everySteps(2);
    train(3, lines, Checkpoints.in(folder), stopAfter(4));
    assertThat(events(file).stream().map(LogsTest::described))
        .containsExactly("start 0", "step 2", "epoch 3", "step 4", "stop 4");
    // As after a kill: later events than the checkpoint's, and half a line.
    Files.writeString(
        file,
        "{\"event\":\"step\",\"steps\":6}\n{\"event\":\"epoch\",\"steps\":6,\"epoch\":2}\n{\"ev",
        StandardOpenOption.APPEND);
    History history = train(3, lines, Checkpoints.in(folder));
    List<JsonNode> events = events(file);
    assertThat(events.stream().map(LogsTest::described))
        .containsExactly(
            "start 0", "step 2", "epoch 3", "step 4", "stop 4", "start 4", "step 6", "epoch 6",
            "step 8", "epoch 9");
    assertThat(events.get(0).get("images").asInt()).isEqualTo(5);
    assertThat(events.get(6).get("images").asInt()).as("of the epoch so far").isEqualTo(5);
    Epoch last = history.last();
    JsonNode epoch = events.get(9);
    assertThat(epoch.get("loss").asDouble()).isEqualTo(last.loss());
    assertThat(epoch.get("accuracy").asDouble()).isEqualTo(last.accuracy());
    assertThat(epoch.get("validation").get("loss").asDouble())
        .isEqualTo(last.validation().orElseThrow().loss());
    assertThat(epoch.get("learning_rate").asDouble()).isEqualTo(0.25);
    assertThat(epoch.has("heap_bytes")).isFalse();
    assertThat(events.get(8).has("validation")).isFalse();
  }

  @Test
  void throughput_isInTheEventsOfCallbacksAfterIt() throws IOException {
    Path file = folder.resolve("events.jsonl");
    Epoch epoch = train(1, Throughput.create(), JsonLines.to(file)).last();
    JsonNode event = events(file).get(1);
    assertThat(event.get("images_per_second").asDouble()).isEqualTo(5 / epoch.seconds());
    assertThat(event.get("heap_bytes").asDouble())
        .isBetween(1e6, (double) Runtime.getRuntime().maxMemory());
    if (Files.exists(Path.of("/proc/self/status"))) {
      assertThat(event.get("process_bytes").asDouble()).isGreaterThan(5e7);
    }
  }

  /** By a clock that goes one second a look: at the start, after a step, after an epoch. */
  @Test
  void timeLimit_countsTheWholeRun() {
    long[] seconds = {0};
    Callback clocked =
        new TimeLimit.Running(Duration.ofSeconds(5), () -> seconds[0]++ * 1_000_000_000L);
    // Looks at seconds 1 (start), 2, 3, 4 (steps), 5 (epoch): stopped between two epochs.
    assertThat(train(9, clocked, Checkpoints.in(folder)).epochs()).hasSize(1);
    assertThat(Checkpoints.files(folder).lastKey()).isEqualTo(3);
    // It has taken its five seconds, so that it stops at once.
    seconds[0] = 1000;
    assertThat(
            train(
                    9,
                    new TimeLimit.Running(
                        Duration.ofSeconds(5), () -> seconds[0]++ * 1_000_000_000L),
                    Checkpoints.in(folder))
                .epochs())
        .hasSize(1);
    assertThat(Checkpoints.files(folder).lastKey()).isEqualTo(3);
    // Six were counted, and at the start one more: after two steps there are nine.
    train(
        9,
        new TimeLimit.Running(Duration.ofSeconds(9), () -> seconds[0]++ * 1_000_000_000L),
        Checkpoints.in(folder));
    assertThat(Checkpoints.files(folder).lastKey()).isEqualTo(5);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TimeLimit.of(Duration.ZERO))
        .withMessage("limit must be positive, got PT0S");
  }

  @Test
  void timeLimit_mayBeLongerThanAnyRun() {
    TimeLimit forever = TimeLimit.of(ChronoUnit.FOREVER.getDuration());
    assertThat(train(1, forever).epochs()).hasSize(1);
    assertThat(CallbackTypes.REGISTRY.write(forever).getDouble("minutes"))
        .isCloseTo(Long.MAX_VALUE / 60.0, Percentage.withPercentage(1e-9));
  }

  @Test
  void lambdas_areToldOfEveryEvent() {
    List<String> events = new ArrayList<>();
    Callback callback =
        LambdaCallback.create()
            .onStart((plan, run) -> events.add("start of " + plan.steps()))
            .onStep((event, run) -> events.add("step " + event.step()))
            .onEpoch((epoch, run) -> events.add("epoch " + epoch.number()))
            .onStop(run -> events.add("stop"))
            .onEnd(history -> events.add("end of " + history.epochs().size()));
    train(2, callback, stopAfter(4));
    assertThat(events)
        .containsExactly(
            "start of 6", "step 0", "step 1", "step 2", "epoch 1", "step 3", "stop", "end of 1");
  }
}
