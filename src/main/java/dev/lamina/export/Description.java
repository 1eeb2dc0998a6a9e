package dev.lamina.export;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lamina.data.OneLine;
import dev.lamina.layer.Sequential;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All of a {@link Servable} but its weights, as JSON: the file {@code lamina.json} of an export,
 * and a text in the metadata of a weights file.
 */
final class Description {
  /** Where it lies in an export. TensorFlow ignores the folder. */
  static final String FILE = "assets.extra/lamina.json";

  private static final int FORMAT = 1;
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private Description() {}

  static byte[] write(Servable servable) throws JsonProcessingException {
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(json(servable));
  }

  static ObjectNode json(Servable servable) {
    ObjectNode json = JSON.createObjectNode().put("format", FORMAT);
    // Only the jar knows its version.
    json.put(
        "lamina_version",
        Optional.ofNullable(Description.class.getPackage().getImplementationVersion())
            .orElse("development"));
    json.putObject("network")
        .put("name", servable.name())
        .put("height", servable.height())
        .put("width", servable.width())
        .put("channels", servable.channels())
        .set("body", LayerJson.write(servable.body()));
    servable.classNames().forEach(json.putArray("class_names")::add);
    servable.metadata().forEach(json.putObject("metadata")::put);
    return json;
  }

  /** Gives the weights of a network. */
  interface Weights {
    Map<String, float[]> of(Sequential body, int height, int width, int channels);
  }

  /**
   * What was written.
   *
   * @param from what it was found in, for messages
   * @param again how to mend what is damaged
   * @param weights is asked for the weights once the network is known
   * @throws FormatException where it was not written like this, or holds layers that are code
   */
  static Servable read(Path from, String again, byte[] file, Weights weights) {
    try {
      return read(file, weights);
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new FormatException(
          from + " does not describe a network: " + OneLine.of(e.getMessage()) + again);
    } catch (UnsupportedOperationException e) {
      throw new FormatException(
          from
              + " cannot be loaded: "
              + OneLine.of(e.getMessage())
              + "; build the network in Java and load weights that saveWeights wrote");
    }
  }

  private static Servable read(byte[] file, Weights weights) {
    JsonNode json = parse(file);
    JsonNode network = json.path("network");
    int height = size(network, "height");
    int width = size(network, "width");
    int channels = size(network, "channels");
    Sequential body = LayerJson.readSequential("", network.path("body"));
    Map<String, String> metadata = new LinkedHashMap<>();
    json.path("metadata")
        .properties()
        .forEach(entry -> metadata.put(entry.getKey(), entry.getValue().asText()));
    return new Servable(
        network.path("name").asText(),
        height,
        width,
        channels,
        body,
        weights.of(body, height, width, channels),
        classNames(json),
        metadata);
  }

  /**
   * The names of the classes.
   *
   * @throws IllegalArgumentException where it was not written like this
   */
  static List<String> classNames(byte[] file) {
    return classNames(parse(file));
  }

  private static List<String> classNames(JsonNode json) {
    List<String> classNames = new ArrayList<>();
    json.path("class_names").forEach(name -> classNames.add(name.asText()));
    return classNames;
  }

  private static JsonNode parse(byte[] file) {
    JsonNode json;
    try {
      json = JSON.readTree(file);
    } catch (IOException e) {
      throw new IllegalArgumentException("it is no JSON", e);
    }
    JsonNode format = json.path("format");
    checkArgument(
        format.isInt() && format.intValue() == FORMAT,
        "format must be %s, got %s",
        FORMAT,
        format.isMissingNode() ? "nothing" : format);
    return json;
  }

  private static int size(JsonNode network, String name) {
    JsonNode size = network.path(name);
    checkArgument(size.isInt() && size.intValue() > 0, "%s must be positive, got %s", name, size);
    return size.intValue();
  }
}
