package dev.lamina.serve;

import com.fasterxml.jackson.core.Base64Variants;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.lamina.data.Images;
import dev.lamina.data.OneLine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The body of a request to predict, in one of TensorFlow Serving's two forms.
 *
 * @param signature what is to run
 * @param rows whether the images came as {@code instances} and not as {@code inputs}
 * @param images the pixels of each image, or its file
 */
record PredictRequest(String signature, boolean rows, List<byte[]> images) {
  private static final String DEFAULT_SIGNATURE = "serving_default";

  /** The object, the list of images, and an image's rows, pixels and channels; some to spare. */
  private static final int DEEPEST = 16;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(DEEPEST)
                  .maxStringLength(Integer.MAX_VALUE)
                  .build())
          .build();

  /**
   * Reads a body. Image files are checked, not decoded.
   *
   * @param mostImages how many images it may have
   * @throws Refusal where it is not as it must be
   * @throws dev.lamina.data.DataException where an image file is not as it must be
   */
  static PredictRequest read(byte[] body, Map<String, ServedSignature> signatures, int mostImages) {
    try {
      String name = signatureName(body);
      ServedSignature signature = signatures.get(name);
      if (signature == null) {
        throw Refusal.badRequest(
            "signature_name must be one of %s, got %s", signatures.keySet(), OneLine.of(name));
      }
      try (JsonParser parser = JSON.createParser(body)) {
        return new Reader(parser, signature, mostImages).read(name);
      }
    } catch (JsonProcessingException e) {
      throw Refusal.badRequest(
          "body must be JSON of at most %s levels, line %s column %s: %s",
          DEEPEST,
          e.getLocation() == null ? 1 : e.getLocation().getLineNr(),
          e.getLocation() == null ? 1 : e.getLocation().getColumnNr(),
          OneLine.of(e.getOriginalMessage()));
    } catch (IOException e) {
      // There is no other source than the array.
      throw new UncheckedIOException(e);
    }
  }

  /** The signature may be named after the images, so it is looked for first. */
  private static String signatureName(byte[] body) throws IOException {
    try (JsonParser parser = JSON.createParser(body)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw Refusal.badRequest("body must be a JSON object, got %s", found(parser));
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String key = parser.currentName();
        JsonToken value = parser.nextToken();
        if (key.equals("signature_name")) {
          if (value != JsonToken.VALUE_STRING) {
            throw Refusal.badRequest("signature_name must be a string, got %s", found(parser));
          }
          return parser.getText();
        }
        parser.skipChildren();
      }
      return DEFAULT_SIGNATURE;
    }
  }

  /** The token in words. */
  private static String found(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == null || token == JsonToken.END_OBJECT || token == JsonToken.END_ARRAY) {
      return "nothing";
    }
    return switch (token) {
      case START_OBJECT -> "an object";
      case START_ARRAY -> "an array";
      case VALUE_STRING -> "the string " + OneLine.of(parser.getText());
      default -> OneLine.of(parser.getText());
    };
  }

  /** Reads the images in one pass. */
  private static final class Reader {
    private final JsonParser parser;
    private final ServedSignature signature;
    private final int mostImages;
    private final List<byte[]> images = new ArrayList<>();

    Reader(JsonParser parser, ServedSignature signature, int mostImages) {
      this.parser = parser;
      this.signature = signature;
      this.mostImages = mostImages;
    }

    PredictRequest read(String name) throws IOException {
      String form = "";
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String key = parser.currentName();
        parser.nextToken();
        if (key.equals("instances") || key.equals("inputs")) {
          if (!form.isEmpty()) {
            throw Refusal.badRequest(
                "body must have one of 'instances' and 'inputs', once; got %s and %s", form, key);
          }
          form = key;
          readImages(form);
        } else {
          parser.skipChildren();
        }
      }
      if (form.isEmpty()) {
        throw Refusal.badRequest("body must have 'instances' or 'inputs', got neither");
      }
      if (parser.nextToken() != null) {
        throw Refusal.badRequest("body must end after its object, got %s", found(parser));
      }
      return new PredictRequest(name, form.equals("instances"), images);
    }

    private void readImages(String form) throws IOException {
      if (form.equals("instances")) {
        list(this::row);
      } else if (parser.currentToken() == JsonToken.START_OBJECT) {
        named(() -> list(this::image));
      } else {
        list(this::image);
      }
      if (images.isEmpty()) {
        throw Refusal.badRequest("%s must have at least one image, got none", form);
      }
    }

    private interface Part {
      void read() throws IOException;
    }

    private void list(Part part) throws IOException {
      expect(JsonToken.START_ARRAY, "an array of images");
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        if (images.size() == mostImages) {
          throw new Refusal(
              413, "a request must have at most %s images, got more".formatted(mostImages));
        }
        part.read();
      }
    }

    /** An object whose one key is the input's name. */
    private void named(Part part) throws IOException {
      parser.nextToken();
      key(signature.input());
      part.read();
      last();
    }

    /** Checks that the parser stands at a key, and goes on to its value. */
    private void key(String name) throws IOException {
      boolean any = parser.currentToken() == JsonToken.FIELD_NAME;
      if (!any || !parser.currentName().equals(name)) {
        throw Refusal.badRequest(
            "%s must have the key '%s', got %s",
            container(), name, any ? "'" + OneLine.of(parser.currentName()) + "'" : "nothing");
      }
      parser.nextToken();
    }

    private void last() throws IOException {
      if (parser.nextToken() != JsonToken.END_OBJECT) {
        throw Refusal.badRequest(
            "%s must have no other key, got '%s'", container(), OneLine.of(parser.currentName()));
      }
    }

    /** An element of {@code instances}: an image, or an object that names it. */
    private void row() throws IOException {
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        image();
      } else if (!signature.takesFiles()) {
        named(this::image);
      } else if (parser.nextToken() == JsonToken.FIELD_NAME
          && parser.currentName().equals(signature.input())) {
        parser.nextToken();
        image();
        last();
      } else {
        file();
      }
    }

    private void image() throws IOException {
      if (signature.takesFiles()) {
        expect(JsonToken.START_OBJECT, "an object {\"b64\": ...}");
        parser.nextToken();
        file();
      } else {
        images.add(pixels());
      }
    }

    /** What follows the brace of {@code {"b64": ...}}. */
    private void file() throws IOException {
      key("b64");
      expect(JsonToken.VALUE_STRING, "a string in base64");
      String place = place();
      byte[] file;
      try {
        file = parser.getBinaryValue(Base64Variants.MIME_NO_LINEFEEDS);
      } catch (JsonProcessingException e) {
        throw Refusal.badRequest(
            "%s must be a string in base64: %s", place, OneLine.of(e.getOriginalMessage()));
      }
      Images.check(place, file);
      images.add(file);
      last();
    }

    private byte[] pixels() throws IOException {
      List<Integer> shape = signature.pixels();
      byte[] pixels = new byte[shape.stream().reduce(1, Math::multiplyExact)];
      array(pixels, 0, pixels.length, 0);
      return pixels;
    }

    /** Fills a part of the pixels from nested arrays. */
    private void array(byte[] pixels, int from, int count, int axis) throws IOException {
      if (axis == signature.pixels().size()) {
        pixels[from] = pixel();
        return;
      }
      int length = signature.pixels().get(axis);
      expect(JsonToken.START_ARRAY, "an array of " + length);
      int step = count / length;
      for (int i = 0; i < length; i++) {
        if (parser.nextToken() == JsonToken.END_ARRAY) {
          throw Refusal.badRequest(
              "%s must be an array of %s, got %s elements", place(), length, i);
        }
        array(pixels, from + i * step, step, axis + 1);
      }
      if (parser.nextToken() != JsonToken.END_ARRAY) {
        throw Refusal.badRequest(
            "%s must be an array of %s, got more elements", container(), length);
      }
    }

    private byte pixel() throws IOException {
      if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT
          && parser.getNumberType() == JsonParser.NumberType.INT) {
        int value = parser.getIntValue();
        if (value >= 0 && value <= 255) {
          return (byte) value;
        }
      }
      throw Refusal.badRequest(
          "%s must be a whole number from 0 to 255, got %s", place(), found(parser));
    }

    private void expect(JsonToken token, String rule) throws IOException {
      if (parser.currentToken() != token) {
        throw Refusal.badRequest("%s must be %s, got %s", place(), rule, found(parser));
      }
    }

    /** Where the parser stands, such as {@code instances[0][31][2]}. */
    private String place() {
      return words(parser.getParsingContext().pathAsPointer().toString());
    }

    /** The object or array that the parser stands in, or at the end of. */
    private String container() {
      String pointer = parser.getParsingContext().pathAsPointer().toString();
      return parser.currentToken() == JsonToken.END_OBJECT
          ? words(pointer)
          : words(pointer.substring(0, Math.max(0, pointer.lastIndexOf('/'))));
    }

    private static String words(String pointer) {
      String words = pointer.replaceAll("/(\\d+)(?=/|$)", "[$1]").replace('/', '.');
      return OneLine.of(words.startsWith(".") ? words.substring(1) : words);
    }
  }
}
