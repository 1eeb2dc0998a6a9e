package dev.lamina.io;

import java.io.IOException;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;

/**
 * A file that is being downloaded. If its hash is not known, it is resumed only where the server
 * has the same version still: the version's validator is kept in a file beside it and sent as
 * {@code If-Range} (RFC 9110, section 13.1.5).
 *
 * @param path what has been downloaded
 * @param hasHash whether a hash tells in the end that the parts are of one version
 */
record PartialFile(Path path, boolean hasHash) {
  /** Asks for the rest of the file, or for all of it if it cannot be resumed. */
  void resume(HttpRequest.Builder request) throws IOException {
    if (!isResumable()) {
      delete();
      return;
    }
    long size = Files.exists(path) ? Files.size(path) : 0;
    if (size > 0) {
      request.header("Range", "bytes=" + size + "-");
      if (!hasHash) {
        request.header("If-Range", Files.readString(validator()));
      }
    }
  }

  /** Whether what has been downloaded can be used by the next request. */
  boolean isResumable() {
    return hasHash || Files.exists(validator());
  }

  /** Whether a server sends the rest of another version, though it was asked not to. */
  static boolean isOfAnotherVersion(HttpResponse<?> rest) {
    Optional<String> asked = rest.request().headers().firstValue("If-Range");
    Optional<String> sent = validator(rest.headers());
    return asked.isPresent() && sent.isPresent() && !asked.equals(sent);
  }

  /** Begins again, with the version that a response has from its first byte. */
  void restart(HttpHeaders whole) throws IOException {
    if (hasHash) {
      return; // Opening the file truncates it.
    }
    // First, so that it is never taken for a part of the new version.
    delete();
    Optional<String> validator = validator(whole);
    if (validator.isPresent()) {
      ByteBuffer bytes = ByteBuffer.wrap(validator.get().getBytes(StandardCharsets.UTF_8));
      AtomicFiles.write(validator(), List.of(bytes));
    }
  }

  void delete() throws IOException {
    Files.deleteIfExists(path);
    Files.deleteIfExists(validator());
  }

  void moveTo(Path target) throws IOException {
    Files.move(path, target, StandardCopyOption.ATOMIC_MOVE);
    Files.deleteIfExists(validator());
  }

  private Path validator() {
    return path.resolveSibling(path.getFileName() + ".validator");
  }

  /** The strong ETag, or else the date. */
  private static Optional<String> validator(HttpHeaders headers) {
    return headers
        .firstValue("ETag")
        .filter(tag -> tag.startsWith("\""))
        .or(() -> headers.firstValue("Last-Modified"));
  }
}
