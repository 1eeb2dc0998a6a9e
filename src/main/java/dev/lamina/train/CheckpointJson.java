package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lamina.step.EpochSums;
import dev.lamina.step.Metrics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The state of a checkpoint other than its tensors, as JSON. Version 1 had loss and accuracy only,
 * as {@code loss} and {@code correct}, and no callbacks.
 */
final class CheckpointJson {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private CheckpointJson() {}

  /** The position and the configuration of a run. */
  record Content(Checkpoint.Progress progress, Map<String, String> configuration) {}

  static String write(Checkpoint checkpoint) {
    Checkpoint.Progress progress = checkpoint.progress();
    ObjectNode json = JSON.createObjectNode();
    checkpoint.configuration().forEach(json.putObject("configuration")::put);
    json.put("step", progress.step());
    json.put("seconds", progress.seconds());
    json.put("learning_rate_scale", progress.learningRateScale());
    ObjectNode sums =
        json.putObject("sums")
            .put("weight", progress.sums().weight())
            .put("loss", progress.sums().loss());
    progress.sums().metrics().forEach(sums.putObject("metrics")::put);
    for (Epoch epoch : progress.history().epochs()) {
      write(json.withArray("epochs").addObject(), epoch);
    }
    ObjectNode callbacks = json.putObject("callbacks");
    progress
        .callbacks()
        .forEach((name, state) -> state.numbers().forEach(callbacks.putObject(name)::put));
    return json.toString();
  }

  private static void write(ObjectNode json, Epoch epoch) {
    json.put("number", epoch.number()).put("steps", epoch.steps());
    write(json.putObject("training"), epoch.training());
    epoch.validation().ifPresent(metrics -> write(json.putObject("validation"), metrics));
    json.put("learning_rate", epoch.learningRate())
        .put("momentum", epoch.momentum())
        .put("seconds", epoch.seconds());
  }

  private static void write(ObjectNode json, Metrics metrics) {
    json.put("images", metrics.images()).put("loss", metrics.loss());
    metrics.values().forEach(json.putObject("values")::put);
  }

  /**
   * Reads what {@link #write} wrote, or version 1.
   *
   * @throws IllegalArgumentException if the text is anything else
   */
  static Content read(String text, int version) {
    JsonNode json;
    try {
      json = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("its state is not JSON", e);
    }
    List<Epoch> epochs = new ArrayList<>();
    for (JsonNode epoch : json.path("epochs")) {
      epochs.add(version == 1 ? epoch1(epoch) : epoch(epoch));
    }
    Map<String, String> configuration = configuration(json.path("configuration"));
    checkArgument(!configuration.isEmpty(), "it has no configuration");
    long step = integer(json, "step");
    checkArgument(step >= 0, "step must not be negative, got %s", step);
    return new Content(
        new Checkpoint.Progress(
            step,
            version == 1 ? sums1(json.path("sums")) : sums(json.path("sums")),
            number(json, "seconds"),
            new History(epochs),
            json.has("learning_rate_scale") ? number(json, "learning_rate_scale") : 1,
            callbacks(json.path("callbacks"))),
        configuration);
  }

  private static Map<String, CallbackState> callbacks(JsonNode json) {
    Map<String, CallbackState> callbacks = new LinkedHashMap<>();
    json.properties()
        .forEach(
            entry -> {
              CallbackState state = new CallbackState();
              numbers(entry.getValue()).forEach(state::put);
              callbacks.put(entry.getKey(), state);
            });
    return callbacks;
  }

  private static Map<String, String> configuration(JsonNode json) {
    Map<String, String> configuration = new LinkedHashMap<>();
    json.properties()
        .forEach(
            entry -> {
              checkArgument(
                  entry.getValue().isTextual(),
                  "%s must be text, got %s",
                  entry.getKey(),
                  entry.getValue());
              configuration.put(entry.getKey(), entry.getValue().textValue());
            });
    return configuration;
  }

  private static EpochSums sums(JsonNode json) {
    return new EpochSums(
        number(json, "weight"), number(json, "loss"), numbers(json.path("metrics")));
  }

  private static EpochSums sums1(JsonNode json) {
    return new EpochSums(
        number(json, "images"), number(json, "loss"), Map.of("accuracy", number(json, "correct")));
  }

  private static Epoch epoch(JsonNode json) {
    return epoch(
        json,
        metrics(json.path("training")),
        json.has("validation") ? Optional.of(metrics(json.path("validation"))) : Optional.empty(),
        "learning_rate");
  }

  private static Epoch epoch1(JsonNode json) {
    JsonNode validation = json.path("validation");
    return epoch(
        json,
        // The number of images was not stored.
        Metrics.of(0, number(json, "loss"), number(json, "accuracy")),
        validation.isObject()
            ? Optional.of(
                Metrics.of(
                    integer(validation, "images"),
                    number(validation, "loss"),
                    number(validation, "accuracy")))
            : Optional.empty(),
        "learningRate");
  }

  private static Epoch epoch(
      JsonNode json, Metrics training, Optional<Metrics> validation, String learningRate) {
    return new Epoch(
        Math.toIntExact(integer(json, "number")),
        integer(json, "steps"),
        training,
        validation,
        number(json, learningRate),
        number(json, "momentum"),
        number(json, "seconds"));
  }

  private static Metrics metrics(JsonNode json) {
    return new Metrics(integer(json, "images"), number(json, "loss"), numbers(json.path("values")));
  }

  private static Map<String, Double> numbers(JsonNode json) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    json.properties().forEach(entry -> numbers.put(entry.getKey(), number(json, entry.getKey())));
    return numbers;
  }

  private static long integer(JsonNode json, String name) {
    JsonNode value = json.path(name);
    checkArgument(
        value.isIntegralNumber() && value.canConvertToLong(),
        "%s must be an integer, got %s",
        name,
        value);
    return value.longValue();
  }

  /** Returns a number; NaN and infinity are strings in JSON. */
  private static double number(JsonNode json, String name) {
    JsonNode value = json.path(name);
    if (value.isTextual() && value.textValue().matches("NaN|-?Infinity")) {
      return Double.parseDouble(value.textValue());
    }
    checkArgument(value.isNumber(), "%s must be a number, got %s", name, value);
    return value.doubleValue();
  }
}
