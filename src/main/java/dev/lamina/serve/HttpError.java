package dev.lamina.serve;

import com.google.errorprone.annotations.FormatMethod;
import java.util.Objects;

/** An error response. The message is one line for the client. */
final class HttpError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;

  /** Creates an error with an HTTP status. */
  HttpError(int status, String message) {
    // Without a stack trace, to keep hostile requests cheap.
    super(message, null, false, false);
    this.status = status;
  }

  /** Creates an error with status 400. */
  @FormatMethod
  static HttpError badRequest(String format, Object... args) {
    return new HttpError(400, format.formatted(args));
  }

  int status() {
    return status;
  }

  /** The message for the client, one line. */
  String line() {
    return Objects.requireNonNull(getMessage());
  }
}
