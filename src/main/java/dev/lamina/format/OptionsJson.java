package dev.lamina.format;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lamina.io.Messages;
import dev.lamina.registry.Options;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** {@link Options} as JSON: an object with a field for each option, in order. */
@SuppressWarnings("exports") // For the packages of Lamina: modules do not get Jackson from it.
public final class OptionsJson {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private OptionsJson() {}

  /** Returns options as an object. */
  public static ObjectNode write(Options options) {
    ObjectNode node = NODES.objectNode();
    options.values().forEach((name, value) -> node.set(name, write(value)));
    return node;
  }

  private static JsonNode write(Object value) {
    if (value instanceof Options options) {
      return write(options);
    }
    if (value instanceof List<?> list) {
      ArrayNode array = NODES.arrayNode();
      list.forEach(element -> array.add(write(element)));
      return array;
    }
    if (value instanceof Boolean flag) {
      return NODES.booleanNode(flag);
    }
    if (value instanceof Long whole) {
      // A small number is read back as an int, and nodes of int and long are never equal.
      return whole == whole.intValue()
          ? NODES.numberNode(whole.intValue())
          : NODES.numberNode((long) whole);
    }
    return value instanceof Double number
        ? NODES.numberNode((double) number)
        : NODES.textNode((String) value);
  }

  /**
   * Returns the options of an object.
   *
   * @throws IllegalArgumentException if it is not an object, or contains null or a number that is
   *     too large
   */
  public static Options read(JsonNode node) {
    checkArgument(node.isObject(), "options must be a JSON object, got %s", text(node));
    Options options = Options.none();
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      options = options.with(field.getKey(), value(field.getKey(), field.getValue()));
    }
    return options;
  }

  private static Object value(String name, JsonNode node) {
    if (node.isObject()) {
      return read(node);
    }
    if (node.isArray()) {
      List<Object> values = new ArrayList<>();
      node.forEach(element -> values.add(value(name, element)));
      return values;
    }
    if (node.isBoolean()) {
      return node.booleanValue();
    }
    if (node.isTextual()) {
      return node.textValue();
    }
    checkArgument(
        node.isNumber() && (node.canConvertToLong() || node.isFloatingPointNumber()),
        "option \"%s\" must have a value that can be read, got %s",
        name,
        text(node));
    return node.isIntegralNumber() ? (Object) node.longValue() : (Object) node.doubleValue();
  }

  private static String text(JsonNode node) {
    return node.isMissingNode() ? "nothing" : Messages.singleLine(node);
  }
}
