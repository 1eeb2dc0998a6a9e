package dev.lamina.serve;

import com.fasterxml.jackson.core.Base64Variants;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.lamina.io.Messages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The body of a predict request, in the row or column format of TensorFlow Serving.
 *
 * @param signature the name of the signature to run
 * @param rows whether the body has {@code instances} (row format) and not {@code inputs} (column
 *     format)
 * @param images the pixels of each image
 */
record PredictRequest(String signature, boolean rows, List<byte[]> images) {
  private static final String DEFAULT_SIGNATURE = "serving_default";

  /** More than the 5 levels of a valid body: object, images, rows, pixels, channels. */
  private static final int MAX_NESTING = 16;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_NESTING)
                  .maxStringLength(Integer.MAX_VALUE)
                  .build())
          .build();

  /**
   * Parses a body. Image files are decoded.
   *
   * @param maxImages the maximum number of images
   * @param memory takes the pixels
   * @throws HttpError if the body is not valid
   * @throws dev.lamina.io.LaminaException if an image file is not valid
   */
  static PredictRequest read(
      byte[] body,
      Map<String, ServedSignature> signatures,
      int maxImages,
      PixelMemory.Share memory) {
    try {
      String name = signatureName(body);
      ServedSignature signature = signatures.get(name);
      if (signature == null) {
        throw HttpError.badRequest(
            "signature_name must be one of %s, got %s",
            signatures.keySet(), Messages.singleLine(name));
      }
      try (JsonParser parser = JSON.createParser(body)) {
        return new Reader(parser, signature, maxImages, memory).read(name);
      }
    } catch (JsonProcessingException e) {
      throw HttpError.badRequest(
          "body must be JSON of at most %s levels, line %s column %s: %s",
          MAX_NESTING,
          e.getLocation() == null ? 1 : e.getLocation().getLineNr(),
          e.getLocation() == null ? 1 : e.getLocation().getColumnNr(),
          Messages.singleLine(e.getOriginalMessage()));
    } catch (IOException e) {
      // Unreachable: the source is an array.
      throw new UncheckedIOException(e);
    }
  }

  /** Finds the signature first, in its own pass, because its name may follow the images. */
  private static String signatureName(byte[] body) throws IOException {
    try (JsonParser parser = JSON.createParser(body)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw HttpError.badRequest("body must be a JSON object, got %s", found(parser));
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String key = parser.currentName();
        JsonToken value = parser.nextToken();
        if (key.equals("signature_name")) {
          if (value != JsonToken.VALUE_STRING) {
            throw HttpError.badRequest("signature_name must be a string, got %s", found(parser));
          }
          // As TensorFlow Serving has it, an empty name is none.
          return parser.getText().isEmpty() ? DEFAULT_SIGNATURE : parser.getText();
        }
        parser.skipChildren();
      }
      return DEFAULT_SIGNATURE;
    }
  }

  /** Describes the current token for a message. */
  private static String found(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == null || token == JsonToken.END_OBJECT || token == JsonToken.END_ARRAY) {
      return "nothing";
    }
    return switch (token) {
      case START_OBJECT -> "an object";
      case START_ARRAY -> "an array";
      case VALUE_STRING -> "the string " + Messages.singleLine(parser.getText());
      default -> Messages.singleLine(parser.getText());
    };
  }

  /** Parses the images in one pass. */
  private static final class Reader {
    private final JsonParser parser;
    private final ServedSignature signature;
    private final int maxImages;
    private final PixelMemory.Share memory;
    private final List<byte[]> images = new ArrayList<>();

    Reader(JsonParser parser, ServedSignature signature, int maxImages, PixelMemory.Share memory) {
      this.parser = parser;
      this.signature = signature;
      this.maxImages = maxImages;
      this.memory = memory;
    }

    PredictRequest read(String name) throws IOException {
      String form = "";
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String key = parser.currentName();
        parser.nextToken();
        if (key.equals("instances") || key.equals("inputs")) {
          if (!form.isEmpty()) {
            throw HttpError.badRequest(
                "body must have one of 'instances' and 'inputs', once; got %s and %s", form, key);
          }
          form = key;
          readImages(form);
        } else {
          parser.skipChildren();
        }
      }
      if (form.isEmpty()) {
        throw HttpError.badRequest("body must have 'instances' or 'inputs', got neither");
      }
      if (parser.nextToken() != null) {
        throw HttpError.badRequest("body must end after its object, got %s", found(parser));
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
        throw HttpError.badRequest("%s must have at least one image, got none", form);
      }
    }

    private interface Part {
      void read() throws IOException;
    }

    private void list(Part part) throws IOException {
      expect(JsonToken.START_ARRAY, "an array of images");
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        if (images.size() == maxImages) {
          throw new HttpError(
              413, "a request must have at most %s images, got more".formatted(maxImages));
        }
        memory.take(signature.bytes());
        part.read();
      }
    }

    /** Parses an object whose only key is the name of the input. */
    private void named(Part part) throws IOException {
      parser.nextToken();
      key(signature.input());
      part.read();
      last();
    }

    /** Checks that the current token is the given key, and advances to its value. */
    private void key(String name) throws IOException {
      boolean any = parser.currentToken() == JsonToken.FIELD_NAME;
      if (!any || !parser.currentName().equals(name)) {
        throw HttpError.badRequest(
            "%s must have the key '%s', got %s",
            container(),
            name,
            any ? "'" + Messages.singleLine(parser.currentName()) + "'" : "nothing");
      }
      parser.nextToken();
    }

    private void last() throws IOException {
      if (parser.nextToken() != JsonToken.END_OBJECT) {
        throw HttpError.badRequest(
            "%s must have no other key, got '%s'",
            container(), Messages.singleLine(parser.currentName()));
      }
    }

    /**
     * Parses an element of {@code instances}: an image, or an object with the input's name as key.
     */
    private void row() throws IOException {
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        image();
      } else if (!signature.acceptsFiles()) {
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
      if (signature.acceptsFiles()) {
        expect(JsonToken.START_OBJECT, "an object {\"b64\": ...}");
        parser.nextToken();
        file();
      } else {
        images.add(pixels());
      }
    }

    /** Parses the rest of {@code {"b64": ...}} after its opening brace. */
    private void file() throws IOException {
      key("b64");
      expect(JsonToken.VALUE_STRING, "a base64 string");
      String path = path();
      byte[] file;
      try {
        file = parser.getBinaryValue(Base64Variants.MIME_NO_LINEFEEDS);
      } catch (JsonProcessingException e) {
        throw HttpError.badRequest(
            "%s must be a base64 string: %s", path, Messages.singleLine(e.getOriginalMessage()));
      }
      images.add(signature.decode(path, file));
      last();
    }

    private byte[] pixels() throws IOException {
      byte[] pixels = new byte[signature.bytes()];
      array(pixels, 0, pixels.length, 0);
      return pixels;
    }

    /** Fills {@code count} pixels, starting at {@code from}, from nested arrays. */
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
          throw HttpError.badRequest(
              "%s must be an array of %s, got %s elements", path(), length, i);
        }
        array(pixels, from + i * step, step, axis + 1);
      }
      if (parser.nextToken() != JsonToken.END_ARRAY) {
        throw HttpError.badRequest(
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
      throw HttpError.badRequest(
          "%s must be a whole number from 0 to 255, got %s", path(), found(parser));
    }

    private void expect(JsonToken token, String rule) throws IOException {
      if (parser.currentToken() != token) {
        throw HttpError.badRequest("%s must be %s, got %s", path(), rule, found(parser));
      }
    }

    /** The path of the current token, such as {@code instances[0][31][2]}. */
    private String path() {
      return dotted(parser.getParsingContext().pathAsPointer().toString());
    }

    /** The path of the enclosing object or array, or of the one that ends here. */
    private String container() {
      String pointer = parser.getParsingContext().pathAsPointer().toString();
      return parser.currentToken() == JsonToken.END_OBJECT
          ? dotted(pointer)
          : dotted(pointer.substring(0, Math.max(0, pointer.lastIndexOf('/'))));
    }

    private static String dotted(String pointer) {
      String dotted = pointer.replaceAll("/(\\d+)(?=/|$)", "[$1]").replace('/', '.');
      return Messages.singleLine(dotted.startsWith(".") ? dotted.substring(1) : dotted);
    }
  }
}
