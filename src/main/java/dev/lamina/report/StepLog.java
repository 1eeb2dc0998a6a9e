package dev.lamina.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The {@code step} events of a file that {@link dev.lamina.train.JsonLines} writes, as charts. */
final class StepLog {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Map<Integer, Double> losses = new LinkedHashMap<>();
  private final Map<Integer, Double> learningRates = new LinkedHashMap<>();
  private int epoch;
  private double images;

  /** The sum of the losses of so many images of the epoch. */
  private double sum;

  private StepLog() {}

  /** Returns loss and learning rate by step; nothing if there is no such file or no such event. */
  static List<Chart> charts(Path file) {
    if (!Files.isRegularFile(file)) {
      return List.of();
    }
    StepLog log = new StepLog();
    try {
      for (String line : Files.readAllLines(file)) {
        log.add(line);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(file + " could not be read (" + e + ")", e);
    }
    return log.losses.isEmpty()
        ? List.of()
        : List.of(
            new Chart("Loss by step", "step", Map.of("training", log.losses)),
            new Chart("Learning rate by step", "step", Map.of("learning rate", log.learningRates)));
  }

  private void add(String line) {
    JsonNode event;
    try {
      event = JSON.readTree(line);
    } catch (JsonProcessingException e) {
      return; // Its writer was killed, or has not finished it.
    }
    if (event.path("event").asText().equals("step")) {
      int step = event.path("steps").intValue();
      losses.put(step, loss(event));
      learningRates.put(step, event.path("learning_rate").doubleValue());
    }
  }

  /** Returns the mean loss since the event before; what is logged is that of the epoch so far. */
  private double loss(JsonNode event) {
    if (event.path("epoch").intValue() != epoch) {
      epoch = event.path("epoch").intValue();
      images = 0;
      sum = 0;
    }
    double before = images;
    double sumBefore = sum;
    images = event.path("images").doubleValue();
    sum = event.path("loss").doubleValue() * images;
    return (sum - sumBefore) / (images - before);
  }
}
