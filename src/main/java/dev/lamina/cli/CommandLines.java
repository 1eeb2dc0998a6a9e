package dev.lamina.cli;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Command lines for users to copy. */
final class CommandLines {
  private static final Pattern PLAIN = Pattern.compile("[\\p{L}\\p{N}_/.,:=@%+\\\\-]+");

  private CommandLines() {}

  /** Returns the line that runs Lamina as it was started, with other words. */
  static String lamina(List<?> words) {
    return quote(System.getProperty("lamina.command", "tools/lamina"))
        + words.stream().map(word -> " " + quote(word)).collect(Collectors.joining());
  }

  /** Returns a word as shells read it: in quotes if it has spaces or other special characters. */
  static String quote(Object word) {
    String text = word.toString();
    if (System.getProperty("os.name").startsWith("Windows")) {
      return PLAIN.matcher(text).matches() ? text : '"' + text + '"';
    }
    return PLAIN.matcher(text).matches() && !text.contains("\\")
        ? text
        : "'" + text.replace("'", "'\\''") + "'";
  }
}
