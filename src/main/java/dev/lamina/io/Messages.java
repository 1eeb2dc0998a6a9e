package dev.lamina.io;

import com.google.common.base.Throwables;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Sanitises untrusted text for messages. */
public final class Messages {
  private static final int MAX_LENGTH = 200;

  private Messages() {}

  /**
   * Returns the text with control characters and line breaks replaced by "?", truncated to 200
   * characters.
   */
  public static String singleLine(@Nullable Object text) {
    String line = printable(text);
    return line.length() <= MAX_LENGTH ? line : line.substring(0, MAX_LENGTH) + "...";
  }

  /**
   * Returns the first message of the error and its causes on one line, or the error's kind if none
   * has one.
   */
  public static String reason(Throwable error) {
    return Throwables.getCausalChain(error).stream()
        .map(Throwable::getMessage)
        .filter(Objects::nonNull)
        .findFirst()
        .map(Messages::singleLine)
        .orElse(error.getClass().getSimpleName());
  }

  /** Returns the text with control characters and line breaks replaced by "?", such as a path. */
  public static String printable(@Nullable Object text) {
    return String.valueOf(text).replaceAll("[\\p{Cc}\\p{Zl}\\p{Zp}]", "?");
  }
}
