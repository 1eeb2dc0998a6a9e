package dev.lamina.io;

/**
 * The width of text in the columns of a terminal: letters of Chinese, Japanese and Korean, and
 * emoji, take two, combining marks none (Unicode Standard Annex 11, East Asian Width).
 */
public final class DisplayWidth {
  private static final String ELLIPSIS = "…";

  /** The blocks of wide characters, first and last. */
  private static final int[][] WIDE = {
    {0x1100, 0x115F},
    {0x2E80, 0x303E},
    {0x3041, 0xA4CF},
    {0xA960, 0xA97C},
    {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},
    {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6},
    {0x1F300, 0x1F64F},
    {0x1F680, 0x1F6FF},
    {0x1F900, 0x1FAFF},
    {0x20000, 0x3FFFD}
  };

  private DisplayWidth() {}

  /** Returns the number of columns that a text takes. */
  public static int of(String text) {
    return text.codePoints().map(DisplayWidth::of).sum();
  }

  private static int of(int codePoint) {
    int type = Character.getType(codePoint);
    if (type == Character.NON_SPACING_MARK
        || type == Character.ENCLOSING_MARK
        || type == Character.FORMAT) {
      return 0;
    }
    for (int[] block : WIDE) {
      if (codePoint >= block[0] && codePoint <= block[1]) {
        return 2;
      }
    }
    return 1;
  }

  /**
   * Returns a text of just a number of columns: filled with spaces, or cut with "…" at its end.
   * Control characters are replaced, as {@link Messages#singleLine} does.
   *
   * @param columns at least 1
   */
  public static String fit(String text, int columns) {
    String line = Messages.singleLine(text);
    int missing = columns - of(line);
    if (missing >= 0) {
      return line + " ".repeat(missing);
    }
    StringBuilder cut = new StringBuilder();
    int room = columns - 1;
    for (int codePoint : line.codePoints().toArray()) {
      room -= of(codePoint);
      if (room < 0) {
        room += of(codePoint);
        break;
      }
      cut.appendCodePoint(codePoint);
    }
    return cut + ELLIPSIS + " ".repeat(room);
  }

  /**
   * Returns a line in as many as it needs to keep to a number of columns; only what has no
   * separator inside may be longer.
   *
   * @param separator what a line may be broken at, such as a space
   * @param columns at least 1
   * @param indent the spaces that every line but the first begins with
   */
  public static String wrap(String line, String separator, int columns, int indent) {
    StringBuilder wrapped = new StringBuilder();
    String rest = line;
    while (of(rest) > columns) {
      int end = lineEnd(rest, separator, columns);
      if (end < 0) {
        break;
      }
      wrapped.append(rest.substring(0, end).stripTrailing()).append('\n');
      rest = " ".repeat(indent) + rest.substring(end).stripLeading();
    }
    return wrapped.append(rest).toString();
  }

  /** Returns the last separator of a text before a column, else the first one; -1 if none. */
  private static int lineEnd(String text, String separator, int columns) {
    int start = text.length() - text.stripLeading().length();
    int end = text.indexOf(separator, start + 1);
    for (int next = end; next >= 0 && of(text.substring(0, next)) <= columns; ) {
      end = next;
      next = text.indexOf(separator, next + separator.length());
    }
    return end;
  }
}
