package dev.lamina.serve;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.google.protobuf.util.JsonFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.IntStream;

/** Writes the JSON bodies of responses. */
final class JsonResponses {
  private static final JsonFactory JSON = new JsonFactory();
  private static final int TOP = 5;

  private JsonResponses() {}

  private interface Content {
    void write(JsonGenerator json) throws IOException;
  }

  private static byte[] write(Content content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      content.write(json);
      json.writeEndObject();
    } catch (IOException e) {
      // Unreachable: the target is an array.
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** An error message. */
  static byte[] error(String message) {
    return write(json -> json.writeStringField("error", message));
  }

  /** The outputs of a signature, in row or column format like the request. */
  static byte[] predictions(List<BatchRow> rows, boolean asRows) {
    return write(
        json -> {
          if (asRows) {
            json.writeArrayFieldStart("predictions");
            for (BatchRow row : rows) {
              row(json, row);
            }
            json.writeEndArray();
          } else {
            json.writeFieldName("outputs");
            columns(json, rows);
          }
        });
  }

  /** Writes the outputs of one image; a single output is written without its name. */
  private static void row(JsonGenerator json, BatchRow row) throws IOException {
    boolean named = row.outputs().size() > 1;
    if (named) {
      json.writeStartObject();
    }
    for (Map.Entry<String, Output> output : row.outputs().entrySet()) {
      if (named) {
        json.writeFieldName(output.getKey());
      }
      output.getValue().write(json, row.index());
    }
    if (named) {
      json.writeEndObject();
    }
  }

  private static void columns(JsonGenerator json, List<BatchRow> rows) throws IOException {
    SortedMap<String, Output> first = rows.get(0).outputs();
    if (first.size() > 1) {
      json.writeStartObject();
    }
    for (String name : first.keySet()) {
      if (first.size() > 1) {
        json.writeFieldName(name);
      }
      json.writeStartArray();
      for (BatchRow row : rows) {
        Output output = row.outputs().get(name);
        if (output != null) {
          output.write(json, row.index());
        }
      }
      json.writeEndArray();
    }
    if (first.size() > 1) {
      json.writeEndObject();
    }
  }

  /** The most probable classes, in descending order. */
  static byte[] top(float[] probabilities, List<String> classNames) {
    int[] best =
        IntStream.range(0, probabilities.length)
            .boxed()
            .sorted((a, b) -> Float.compare(probabilities[b], probabilities[a]))
            .limit(TOP)
            .mapToInt(Integer::intValue)
            .toArray();
    return write(
        json -> {
          json.writeArrayFieldStart("predictions");
          for (int id : best) {
            json.writeStartObject();
            json.writeNumberField("class_id", id);
            json.writeStringField("label", classNames.get(id));
            json.writeNumberField("probability", probabilities[id]);
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  /** TensorFlow Serving's {@code GetModelStatusResponse} of an available model. */
  static byte[] status(long version) {
    return write(
        json -> {
          json.writeArrayFieldStart("model_version_status");
          json.writeStartObject();
          json.writeStringField("version", Long.toString(version));
          json.writeStringField("state", "AVAILABLE");
          json.writeObjectFieldStart("status");
          json.writeStringField("error_code", "OK");
          json.writeStringField("error_message", "");
          json.writeEndObject();
          json.writeEndObject();
          json.writeEndArray();
        });
  }

  /** TensorFlow Serving's {@code GetModelMetadataResponse}. */
  static byte[] metadata(
      String model, long version, SortedMap<String, ServedSignature> signatures) {
    JsonFormat.Printer printer =
        JsonFormat.printer().preservingProtoFieldNames().includingDefaultValueFields();
    return write(
        json -> {
          json.writeObjectFieldStart("model_spec");
          json.writeStringField("name", model);
          json.writeStringField("signature_name", "");
          json.writeStringField("version", Long.toString(version));
          json.writeEndObject();
          json.writeObjectFieldStart("metadata");
          json.writeObjectFieldStart("signature_def");
          json.writeObjectFieldStart("signature_def");
          for (Map.Entry<String, ServedSignature> signature : signatures.entrySet()) {
            json.writeFieldName(signature.getKey());
            json.writeRawValue(printer.print(signature.getValue().definition()));
          }
          json.writeEndObject();
          json.writeEndObject();
          json.writeEndObject();
        });
  }
}
