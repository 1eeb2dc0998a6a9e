package dev.lamina.export;

/**
 * A file is not what it should be. The message is one line: which file, what is wrong with it, and
 * what to do.
 */
public final class FormatException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An exception with that line. */
  public FormatException(String message) {
    super(message);
  }
}
