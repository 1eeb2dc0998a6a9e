package dev.lamina.serve;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jetty.http.MultiPart;
import org.eclipse.jetty.http.MultiPartFormData;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.util.Blocker;

/**
 * A form with file uploads, {@code multipart/form-data}, as sent by browsers and {@code curl -F}.
 */
final class MultipartForm {
  private static final String TYPE = "multipart/form-data";
  private static final int MAX_PARTS = 8;

  private MultipartForm() {}

  /** Whether a content type is {@code multipart/form-data}. */
  static boolean is(String contentType) {
    return contentType.regionMatches(true, 0, TYPE, 0, TYPE.length());
  }

  /**
   * Returns the file of a form.
   *
   * @throws HttpError if the form has no file or several, or the body is malformed
   */
  static byte[] file(byte[] body, String contentType) {
    String boundary = MultiPart.extractBoundary(contentType);
    if (boundary == null || boundary.isEmpty()) {
      throw HttpError.badRequest("Content-Type must have a boundary, got none");
    }
    MultiPartFormData.Parser parser = new MultiPartFormData.Parser(boundary);
    parser.setMaxParts(MAX_PARTS);
    // Keeps files in memory instead of temporary files.
    parser.setMaxMemoryFileSize(-1);
    Content.Source source = Content.Source.from(ByteBuffer.wrap(body));
    List<byte[]> files = new ArrayList<>();
    // Does not block: the whole body is in memory.
    try (MultiPartFormData.Parts parts =
        Blocker.<MultiPartFormData.Parts>blockWithPromise(
            promise -> parser.parse(source, promise))) {
      for (MultiPart.Part part : parts) {
        String name = part.getFileName();
        // Browsers send an empty part without a name for an input without a file.
        if (name != null && !(name.isEmpty() && part.getLength() == 0)) {
          ByteBuffer content = Content.Source.asByteBuffer(part.getContentSource());
          byte[] file = new byte[content.remaining()];
          content.get(file);
          files.add(file);
        }
      }
    } catch (IOException | RuntimeException e) {
      throw HttpError.badRequest(
          "body must be well-formed multipart/form-data with at most %s parts", MAX_PARTS);
    }
    if (files.isEmpty()) {
      throw HttpError.badRequest("form must have a file, got none");
    }
    if (files.size() > 1) {
      throw HttpError.badRequest(
          "form must have one file, got %s; send a request for each, or all as base64 to :predict with"
              + " signature_name from_encoded",
          files.size());
    }
    return files.get(0);
  }
}
