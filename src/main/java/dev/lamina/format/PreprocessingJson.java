package dev.lamina.format;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Ascii;
import dev.lamina.data.Preprocessing;
import dev.lamina.data.Resize;

/** A {@link Preprocessing} as JSON; its size is the network's. */
final class PreprocessingJson {
  private PreprocessingJson() {}

  static ObjectNode write(Preprocessing preprocessing) {
    Resize resize = preprocessing.resize();
    return JsonNodeFactory.instance
        .objectNode()
        .put("resize", Ascii.toLowerCase(resize.mode().name()))
        .put("crop", resize.crop())
        .put("filter", Ascii.toLowerCase(resize.filter().name()))
        .put("upright", preprocessing.upright());
  }

  /**
   * Reads the preprocessing of a network; the default if there is none.
   *
   * @throws IllegalArgumentException if a value is not known
   */
  static Preprocessing read(JsonNode json, int height, int width) {
    if (json.isMissingNode()) {
      return Preprocessing.defaultFor(height, width);
    }
    JsonNode crop = json.path("crop");
    JsonNode upright = json.path("upright");
    checkArgument(crop.isNumber(), "crop must be a number, got %s", crop);
    checkArgument(upright.isBoolean(), "upright must be true or false, got %s", upright);
    return new Preprocessing(
        new Resize(
            value(Resize.Mode.class, json, "resize"),
            height,
            width,
            crop.doubleValue(),
            value(Resize.Filter.class, json, "filter")),
        upright.booleanValue());
  }

  private static <E extends Enum<E>> E value(Class<E> type, JsonNode json, String name) {
    String text = json.path(name).asText();
    for (E value : type.getEnumConstants()) {
      if (Ascii.toLowerCase(value.name()).equals(text)) {
        return value;
      }
    }
    throw new IllegalArgumentException(name + " must be known, got " + json.path(name));
  }
}
