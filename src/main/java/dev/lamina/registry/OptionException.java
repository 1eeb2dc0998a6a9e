package dev.lamina.registry;

/**
 * An exception whose message already names the owner of the option, such as {@code layer "conv1.0"
 * (Conv2d)}.
 */
final class OptionException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  OptionException(String message) {
    super(message);
  }

  OptionException(String message, Throwable cause) {
    super(message, cause);
  }
}
