package dev.lamina.serve;

import dev.lamina.io.LaminaException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A complete HTTP response.
 *
 * @param status the HTTP status code
 * @param headers headers besides those that every response has, such as Content-Length
 * @param body the content
 */
record HttpResponse(int status, Map<String, String> headers, ByteBuffer body) {
  private static final Logger LOG = LoggerFactory.getLogger(HttpResponse.class);
  private static final String TYPE = "Content-Type";

  /** A response with status 200 and JSON content. */
  static HttpResponse json(byte[] body) {
    return of("application/json", body);
  }

  /** A response with status 200 and content of the given type. */
  static HttpResponse of(String type, byte[] body) {
    return new HttpResponse(200, Map.of(TYPE, type), ByteBuffer.wrap(body));
  }

  /** A response with status 200 and one line of text. */
  static HttpResponse text(String line) {
    return of("text/plain; charset=utf-8", (line + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** An error response with a JSON message. */
  static HttpResponse error(int status, String message) {
    return new HttpResponse(
        status,
        status == 503
            ? Map.of(TYPE, "application/json", "Retry-After", "1")
            : Map.of(TYPE, "application/json"),
        ByteBuffer.wrap(JsonResponses.error(message)));
  }

  /**
   * The response to a failure. Unexpected exceptions are logged, and the client gets status 500
   * without details.
   */
  static HttpResponse failure(Throwable thrown) {
    Throwable cause =
        thrown instanceof CompletionException && thrown.getCause() != null
            ? thrown.getCause()
            : thrown;
    if (cause instanceof HttpError error) {
      return error(error.status(), error.line());
    }
    if (cause instanceof LaminaException) {
      return error(400, Objects.toString(cause.getMessage()));
    }
    LOG.error("a request failed", cause);
    return error(500, "internal error; see the server's log");
  }
}
