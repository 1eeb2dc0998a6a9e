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
}
