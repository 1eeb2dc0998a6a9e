package dev.lamina.train;

import dev.lamina.io.LaminaException;

/** A callback threw. The message names it, the step, the cause, and where the run can continue. */
public final class CallbackException extends LaminaException {
  private static final long serialVersionUID = 1;

  CallbackException(String message, Throwable cause) {
    super(message, cause);
  }
}
