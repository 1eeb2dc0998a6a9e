package dev.lamina.io;

/**
 * An error that the user can fix: a file that cannot be read, images of the wrong size, training
 * that diverged. The message is one line: what is wrong, where, and what to do next.
 */
public class LaminaException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Creates an exception with a message for the user. */
  public LaminaException(String message) {
    super(message);
  }

  /** Creates an exception with a message for the user and its cause. */
  public LaminaException(String message, Throwable cause) {
    super(message, cause);
  }
}
