package dev.lamina.io;

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

  /** Returns the text with control characters and line breaks replaced by "?", such as a path. */
  public static String printable(@Nullable Object text) {
    return String.valueOf(text).replaceAll("[\\p{Cc}\\p{Zl}\\p{Zp}]", "?");
  }
}
