package dev.lamina.serve;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.MultiPart;
import org.eclipse.jetty.http.MultiPartFormData;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.util.Blocker;

/** A form with files, {@code multipart/form-data}, as browsers and {@code curl -F} send it. */
final class Form {
  private static final String TYPE = "multipart/form-data";
  private static final int MOST_PARTS = 8;

  private Form() {}

  /** Whether a body of that type is one. */
  static boolean is(String contentType) {
    return contentType.regionMatches(true, 0, TYPE, 0, TYPE.length());
  }

  /**
   * The first file in a form.
   *
   * @throws Refusal where there is none, or the body is no form
   */
  static byte[] file(byte[] body, String contentType) {
    String boundary = MultiPart.extractBoundary(contentType);
    if (boundary == null || boundary.isEmpty()) {
      throw Refusal.badRequest("Content-Type must have a boundary, got none");
    }
    MultiPartFormData.Parser parser = new MultiPartFormData.Parser(boundary);
    parser.setMaxParts(MOST_PARTS);
    // In memory, where the body is already.
    parser.setMaxMemoryFileSize(-1);
    Content.Source source = Content.Source.from(ByteBuffer.wrap(body));
    // Nothing blocks: all is there.
    try (MultiPartFormData.Parts parts =
        Blocker.<MultiPartFormData.Parts>blockWithPromise(
            promise -> parser.parse(source, promise))) {
      for (MultiPart.Part part : parts) {
        if (part.getFileName() != null) {
          ByteBuffer content = Content.Source.asByteBuffer(part.getContentSource());
          byte[] file = new byte[content.remaining()];
          content.get(file);
          return file;
        }
      }
    } catch (IOException | RuntimeException e) {
      throw Refusal.badRequest(
          "body must be well formed multipart/form-data of at most %s parts, it is not",
          MOST_PARTS);
    }
    throw Refusal.badRequest("form must have a file, got none");
  }
}
