package dev.lamina.train;

import dev.lamina.io.LaminaException;
import java.util.Objects;

/** A callback threw. The message names it, the step, the cause, and where the run can continue. */
public final class CallbackException extends LaminaException {
  private static final long serialVersionUID = 1;

  CallbackException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Returns this exception with more at the end of its message. */
  CallbackException with(String more) {
    CallbackException longer =
        new CallbackException(getMessage() + more, Objects.requireNonNull(getCause()));
    longer.setStackTrace(getStackTrace());
    for (Throwable other : getSuppressed()) {
      longer.addSuppressed(other);
    }
    return longer;
  }
}
