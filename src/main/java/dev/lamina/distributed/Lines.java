package dev.lamina.distributed;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lamina.io.Messages;
import java.util.List;
import java.util.Map;

/** What is said in a {@link Rendezvous}: JSON, one line each. */
final class Lines {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String LINES = "lines";
  private static final String ERROR = "error";

  private Lines() {}

  /** Returns what a worker says to worker 0. */
  static String message(Workers from, String text) {
    return JSON.createObjectNode()
        .put("rank", from.rank())
        .put("size", from.size())
        .put("text", text)
        .toString();
  }

  /** Returns what worker 0 answers: the lines of all. */
  static String answer(Iterable<String> lines) {
    return JSON.createObjectNode().set(LINES, JSON.valueToTree(lines)).toString();
  }

  /** Returns what worker 0 answers if something is wrong. */
  static String refusal(String error) {
    return JSON.createObjectNode().put(ERROR, error).toString();
  }

  /**
   * Returns the lines of an answer.
   *
   * @throws WorkersException with the message of a refusal
   */
  static List<String> lines(String answer) {
    JsonNode node = parse(answer);
    if (!node.has(LINES)) {
      throw new WorkersException(Messages.singleLine(node.path(ERROR).asText("no lines")));
    }
    return JSON.convertValue(node.get(LINES), new TypeReference<List<String>>() {});
  }

  /** Returns a line's JSON; without fields if it is none. */
  static JsonNode parse(String line) {
    try {
      return JSON.readTree(line);
    } catch (JsonProcessingException e) {
      return JsonNodeFactory.instance.objectNode();
    }
  }

  /** Returns a map as one line. */
  static String write(Map<String, String> metadata) {
    return JSON.valueToTree(metadata).toString();
  }

  /** Returns the map of a line. */
  static Map<String, String> read(String line) {
    return JSON.convertValue(parse(line), new TypeReference<Map<String, String>>() {});
  }
}
