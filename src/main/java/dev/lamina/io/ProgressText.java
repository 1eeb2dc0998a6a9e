package dev.lamina.io;

import com.google.common.base.Strings;
import java.util.Locale;

/** What lines that show progress are made of. */
public final class ProgressText {
  /** A bar that is shorter says nothing. */
  private static final int MIN_BAR = 10;

  private ProgressText() {}

  /** Returns a duration as hours, minutes and seconds. */
  public static String duration(long seconds) {
    return String.format(
        Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }

  /**
   * Returns a line with a bar in it.
   *
   * @param before what the line begins with
   * @param after what it ends with; empty if the bar is its end
   * @param done the share that is done, from 0 to 1
   * @param columns the columns of the line; without room for a bar, it has none
   */
  public static String withBar(String before, String after, double done, int columns) {
    String end = after.isEmpty() ? "" : "  " + after;
    int room = columns - (before + end).length() - "  []".length();
    return room < MIN_BAR
        ? before + end
        : before + "  [" + Strings.padEnd("=".repeat((int) (room * done)), room, ' ') + "]" + end;
  }
}
