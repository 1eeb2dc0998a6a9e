package dev.lamina.format;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lamina.data.Preprocessing;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import dev.lamina.io.Version;
import dev.lamina.layer.LayerTypes;
import dev.lamina.network.Network;
import dev.lamina.network.Servable;
import dev.lamina.registry.UnregisteredException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A {@link Servable} without its weights, as JSON: the file {@code lamina.json} of an export, and a
 * text in the metadata of a weights file.
 */
final class Description {
  /** Its path in an export. TensorFlow ignores the folder. */
  static final String FILE = "assets.extra/lamina.json";

  /**
   * 4 since weights files have PyTorch's order of flattened features; before, they had that of
   * {@code Flatten}. 3 since image files are prepared as described; before, they were only padded.
   * 2 since layers are written by the names of {@link LayerTypes}; before, by the fields of their
   * classes, of which only "deviation" has another name now. Increase when an older reader would
   * misunderstand a file.
   */
  private static final int FORMAT = 4;

  private static final String CHECKSUM = "weights_sha256";

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private Description() {}

  /**
   * Returns the file of an export.
   *
   * @param weights the SHA-256 of the file of the weights
   */
  static byte[] write(Servable servable, String weights) throws JsonProcessingException {
    return JSON.writerWithDefaultPrettyPrinter()
        .writeValueAsBytes(json(servable).put(CHECKSUM, weights));
  }

  /**
   * Returns the SHA-256 of the file of the weights; empty if the description has none.
   *
   * @param from the file or folder that contains it, for messages
   * @throws IllegalArgumentException if it is not a description
   * @throws LaminaException if it is of a newer format
   */
  static String checksum(Path from, byte[] file) {
    return parse(from, file).path(CHECKSUM).asText();
  }

  static ObjectNode json(Servable servable) {
    return json(
        servable.network(), servable.classNames(), servable.preprocessing(), servable.metadata());
  }

  static ObjectNode json(
      Network network,
      List<String> classNames,
      Preprocessing preprocessing,
      Map<String, String> metadata) {
    ObjectNode json = JSON.createObjectNode().put("format", FORMAT);
    json.put("lamina_version", Version.get());
    json.putObject("network")
        .put("name", network.name())
        .put("height", network.height())
        .put("width", network.width())
        .put("channels", network.channels())
        .set("body", OptionsJson.write(LayerTypes.write(network.body())));
    json.set("preprocessing", PreprocessingJson.write(preprocessing));
    classNames.forEach(json.putArray("class_names")::add);
    metadata.forEach(json.putObject("metadata")::put);
    return json;
  }

  /** Reads the weights of a network. */
  interface Weights {
    Map<String, float[]> of(Network network);
  }

  /**
   * Returns the described model.
   *
   * @param from the file or folder that contains it, for messages
   * @param again how to replace a damaged file
   * @param weights reads the weights once the network is known
   * @throws LaminaException if it is not a description, is of a newer format, or contains layers
   *     that are not registered
   */
  static Servable read(Path from, String again, byte[] file, Weights weights) {
    try {
      return read(from, file, weights);
    } catch (UnregisteredException e) {
      throw new LaminaException(
          from
              + " cannot be loaded: "
              + Messages.reason(e)
              + ", or build the network in Java and load weights that saveWeights wrote",
          e);
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new LaminaException(
          from + " does not describe a network: " + Messages.reason(e) + again, e);
    }
  }

  private static Servable read(Path from, byte[] file, Weights weights) {
    JsonNode json = parse(from, file);
    Network described = network(json.path("network"));
    return new Servable(
        described, weights.of(described), classNames(json), preprocessing(json), metadata(json));
  }

  /**
   * Returns what the writer said of the model.
   *
   * @param from the file or folder that contains it, for messages
   * @throws IllegalArgumentException if it is not a description
   * @throws LaminaException if it is of a newer format
   */
  static Map<String, String> metadata(Path from, byte[] file) {
    return metadata(parse(from, file));
  }

  private static Map<String, String> metadata(JsonNode json) {
    Map<String, String> metadata = new LinkedHashMap<>();
    json.path("metadata")
        .properties()
        .forEach(entry -> metadata.put(entry.getKey(), entry.getValue().asText()));
    return metadata;
  }

  /**
   * Returns the network.
   *
   * @param from the file or folder that contains it, for messages
   * @throws IllegalArgumentException if it is not a description, or contains layers that are not
   *     registered
   * @throws LaminaException if it is of a newer format
   */
  static Network network(Path from, byte[] file) {
    return network(parse(from, file).path("network"));
  }

  private static Network network(JsonNode network) {
    return new Network(
        network.path("name").asText(),
        size(network, "height"),
        size(network, "width"),
        size(network, "channels"),
        LayerTypes.readSequential(OptionsJson.read(network.path("body")).written()));
  }

  /**
   * Returns the names of the classes.
   *
   * @param from the file or folder that contains it, for messages
   * @throws IllegalArgumentException if it is not a description
   * @throws LaminaException if it is of a newer format
   */
  static List<String> classNames(Path from, byte[] file) {
    return classNames(parse(from, file));
  }

  /**
   * Returns how image files become the network's input.
   *
   * @param from the file or folder that contains it, for messages
   * @throws IllegalArgumentException if it is not a description
   * @throws LaminaException if it is of a newer format
   */
  static Preprocessing preprocessing(Path from, byte[] file) {
    return preprocessing(parse(from, file));
  }

  /**
   * Returns whether the weights that are described have PyTorch's {@link FlattenOrder}.
   *
   * @param from the file that contains it, for messages
   * @throws LaminaException if it is not a description, or is of a newer format
   */
  static boolean hasFlattenOrder(Path from, byte[] file) {
    try {
      return parse(from, file).path("format").intValue() >= 4;
    } catch (IllegalArgumentException e) {
      throw new LaminaException(
          "%s does not describe a network: %s; save the weights again"
              .formatted(from, Messages.reason(e)),
          e);
    }
  }

  private static Preprocessing preprocessing(JsonNode json) {
    JsonNode network = json.path("network");
    return PreprocessingJson.read(
        json.path("preprocessing"), size(network, "height"), size(network, "width"));
  }

  private static List<String> classNames(JsonNode json) {
    List<String> classNames = new ArrayList<>();
    json.path("class_names").forEach(name -> classNames.add(name.asText()));
    return classNames;
  }

  private static JsonNode parse(Path from, byte[] file) {
    JsonNode json;
    try {
      json = JSON.readTree(file);
    } catch (IOException e) {
      throw new IllegalArgumentException("it is not JSON", e);
    }
    JsonNode format = json.path("format");
    checkArgument(
        format.isInt() && format.intValue() > 0,
        "format must be a number from 1, got %s",
        format.isMissingNode() ? "nothing" : format);
    if (format.intValue() > FORMAT) {
      throw newer(from, format.intValue(), FORMAT, json.path("lamina_version").asText("unknown"));
    }
    return json;
  }

  private static LaminaException newer(Path from, int format, int newest, String version) {
    return new LaminaException(
        "%s is of format %s, this Lamina reads up to %s; use the Lamina that wrote it (version %s)"
            .formatted(from, format, newest, Messages.singleLine(version)));
  }

  private static int size(JsonNode network, String name) {
    JsonNode size = network.path(name);
    checkArgument(size.isInt() && size.intValue() > 0, "%s must be positive, got %s", name, size);
    return size.intValue();
  }
}
