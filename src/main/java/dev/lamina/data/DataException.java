package dev.lamina.data;

/**
 * Images or files that cannot be used. The message is one line: what is wrong, where, and what to
 * do.
 */
public final class DataException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** With a message for the user. */
  public DataException(String message) {
    super(message);
  }

  /** With a message for the user and what caused it. */
  public DataException(String message, Throwable cause) {
    super(message, cause);
  }
}
