package dev.lamina.cli;

import com.google.common.base.Splitter;
import dev.lamina.io.DisplayWidth;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.IntSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Lines for people: a terminal shows them without breaking a word. JSON, and commands to copy, are
 * printed as they are: a command at the end of a line that is too long gets a line of its own.
 */
final class TextLines {
  /** Every terminal has as many columns. */
  private static final int SHORT = 20;

  /** From this width on, what follows a label keeps to its column. */
  private static final int WIDE = 60;

  /** What labels look like: "data ", "validation ", "instruction sets ". */
  private static final Pattern LABEL = Pattern.compile("(\\S{10} |\\S.{0,16}? {2,})(?=\\S)");

  /** What a command at the end of a line follows. */
  private static final String COMMAND = " with: ";

  private TextLines() {}

  /** Prints a text of one line or several, and the end of a line, to standard output. */
  static void print(PrintWriter out, String format, @Nullable Object... values) {
    print(out, TerminalWidth::limit, String.format(Locale.ROOT, format, values));
  }

  /** Prints a text so to standard error. */
  static void printError(PrintWriter err, String format, @Nullable Object... values) {
    print(err, TerminalWidth::errorLimit, String.format(Locale.ROOT, format, values));
  }

  private static void print(PrintWriter out, IntSupplier columns, String text) {
    // Finding out the width takes time.
    boolean fits = lines(text).allMatch(line -> DisplayWidth.of(line) <= SHORT);
    out.println(fits ? text : wrap(text, columns.getAsInt()));
  }

  /** Returns a text whose lines keep to a number of columns. */
  static String wrap(String text, int columns) {
    return lines(text).map(line -> wrapLine(line, columns)).collect(Collectors.joining("\n"));
  }

  private static String wrapLine(String line, int columns) {
    int command = line.lastIndexOf(COMMAND) + COMMAND.length();
    if (command < COMMAND.length() || DisplayWidth.of(line) <= columns) {
      return DisplayWidth.wrap(line, " ", columns, indent(line, columns));
    }
    return wrapLine(line.substring(0, command).stripTrailing(), columns)
        + "\n"
        + line.substring(command);
  }

  private static Stream<String> lines(String text) {
    return Splitter.on('\n').splitToStream(text);
  }

  private static int indent(String line, int columns) {
    Matcher label = LABEL.matcher(line);
    int own = line.length() - line.stripLeading().length();
    return columns >= WIDE && label.lookingAt() ? label.end() : own + 2;
  }
}
