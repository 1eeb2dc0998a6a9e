package dev.lamina.data;

import org.jspecify.annotations.Nullable;

/** What a file says, made fit for a message. */
public final class OneLine {
  private static final int LONGEST = 200;

  private OneLine() {}

  /** The text without line breaks and other control characters, and cut where it is long. */
  public static String of(@Nullable Object said) {
    String text = String.valueOf(said).replaceAll("[\\p{Cc}\\p{Zl}\\p{Zp}]", "?");
    return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...";
  }
}
