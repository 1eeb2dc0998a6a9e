package dev.lamina.serve;

import com.google.errorprone.annotations.FormatMethod;
import java.util.Objects;

/** A request is not answered. The message is one line for the client. */
final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;

  /** With the status of HTTP that tells whose fault it is. */
  Refusal(int status, String message) {
    // Without a stack trace: hostile requests should cost little.
    super(message, null, false, false);
    this.status = status;
  }

  /** A request that is wrong. */
  @FormatMethod
  static Refusal badRequest(String format, Object... args) {
    return new Refusal(400, format.formatted(args));
  }

  int status() {
    return status;
  }

  /** The line for the client. */
  String line() {
    return Objects.requireNonNull(getMessage());
  }
}
