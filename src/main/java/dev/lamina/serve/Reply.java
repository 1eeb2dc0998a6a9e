package dev.lamina.serve;

import dev.lamina.data.DataException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An answer.
 *
 * @param status the status of HTTP
 * @param headers more than status, length and what every answer has
 * @param body what is sent
 */
record Reply(int status, Map<String, String> headers, ByteBuffer body) {
  private static final Logger LOG = LoggerFactory.getLogger(Reply.class);
  private static final String TYPE = "Content-Type";

  /** A good answer in JSON. */
  static Reply json(byte[] body) {
    return of("application/json", body);
  }

  /** A good answer of a type. */
  static Reply of(String type, byte[] body) {
    return new Reply(200, Map.of(TYPE, type), ByteBuffer.wrap(body));
  }

  /** A good answer of one line. */
  static Reply text(String line) {
    return of("text/plain; charset=utf-8", (line + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** An answer that says what is wrong. */
  static Reply error(int status, String message) {
    return new Reply(
        status,
        status == 503
            ? Map.of(TYPE, "application/json", "Retry-After", "1")
            : Map.of(TYPE, "application/json"),
        ByteBuffer.wrap(Answers.error(message)));
  }

  /** An answer that says what went wrong. What is not the client's business goes to the log. */
  static Reply failure(Throwable thrown) {
    Throwable cause =
        thrown instanceof CompletionException && thrown.getCause() != null
            ? thrown.getCause()
            : thrown;
    if (cause instanceof Refusal refusal) {
      return error(refusal.status(), refusal.line());
    }
    if (cause instanceof DataException) {
      return error(400, Objects.toString(cause.getMessage()));
    }
    LOG.error("a request failed", cause);
    return error(500, "the server failed; its log says more");
  }
}
