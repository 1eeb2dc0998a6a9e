package dev.lamina.registry;

/**
 * Thrown for a class, or the name of one, that is not in a {@link Registry}. The message explains
 * how to register it.
 */
public final class UnregisteredException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  /** Creates an exception with a message that names the class and what to do. */
  public UnregisteredException(String message) {
    super(message);
  }
}
