package dev.lamina.registry;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Thrown for a class, or the name of one, that is not in a {@link Registry}. The message explains
 * how to register it.
 */
public final class UnregisteredException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  private final @Nullable Class<?> type;

  /** Creates an exception with a message that names the class and what to do. */
  public UnregisteredException(String message) {
    this(message, null);
  }

  UnregisteredException(String message, @Nullable Class<?> type) {
    super(message);
    this.type = type;
  }

  /** Returns the class that is not registered, or empty if only a name is known. */
  public Optional<Class<?>> type() {
    return Optional.ofNullable(type);
  }
}
