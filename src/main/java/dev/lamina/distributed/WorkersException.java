package dev.lamina.distributed;

import dev.lamina.io.LaminaException;

/**
 * Another worker has failed or does not answer. This worker cannot continue alone: start all of
 * them again, from the newest checkpoint.
 */
public final class WorkersException extends LaminaException {
  private static final long serialVersionUID = 1;

  /** Creates an exception with a message for the user. */
  public WorkersException(String message) {
    super(message);
  }

  /** Creates an exception with a message for the user and its cause. */
  public WorkersException(String message, Throwable cause) {
    super(message, cause);
  }
}
