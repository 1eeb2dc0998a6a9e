package dev.lamina.cli;

import com.google.common.base.Splitter;
import dev.lamina.io.DisplayWidth;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.IHelpSectionRenderer;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * The help of all commands in the width of the terminal; of {@code COLUMNS}, or 80, without one.
 */
final class HelpText {
  /** The least that picocli can. */
  private static final int MIN_COLUMNS = 55;

  /** So wide that picocli breaks no line. */
  private static final int UNBROKEN = 2000;

  /** A name and what is said of it, in two columns. */
  private static final Pattern ROW = Pattern.compile(" *(\\S.*?) {2,}(\\S.*)");

  private static final Pattern COLOURS = Pattern.compile("\u001b\\[[0-9;]*m");

  /** What picocli prints before the options. */
  private static final String USAGE = "Usage: ";

  /** Where a description begins. */
  private static final int INDENT = 4;

  /** Names of options begin before this column, descriptions behind it. */
  private static final int FAR_RIGHT = 10;

  private HelpText() {}

  /**
   * Makes the help of a command, and of those below it, as wide as the terminal.
   *
   * @param columns asked for when help is printed
   */
  static void fit(CommandLine command, IntSupplier columns) {
    Map<String, IHelpSectionRenderer> sections = new HashMap<>(command.getHelpSectionMap());
    sections.replaceAll((name, section) -> help -> render(name, section, help, columns.getAsInt()));
    command.setHelpSectionMap(sections);
  }

  private static String render(
      String name, IHelpSectionRenderer section, CommandLine.Help help, int columns) {
    boolean narrow = columns < MIN_COLUMNS;
    help.commandSpec().usageMessage().width(narrow ? UNBROKEN : columns);
    String text = section.render(help);
    if (!narrow) {
      return text;
    }
    String plain = COLOURS.matcher(text).replaceAll("");
    return name.equals(UsageMessageSpec.SECTION_KEY_SYNOPSIS)
        ? DisplayWidth.wrap(USAGE + plain, " ", columns, 2).substring(USAGE.length())
        : narrow(plain, columns);
  }

  /** Returns a text of unbroken lines in few columns. */
  private static String narrow(String text, int columns) {
    return Splitter.on('\n')
        .splitToStream(text)
        .map(line -> narrowLine(line, columns))
        .collect(Collectors.joining("\n"));
  }

  /** Puts a description under its name; it is behind it, or far right if the name is long. */
  private static String narrowLine(String line, int columns) {
    Matcher row = ROW.matcher(line);
    if (row.matches()) {
      return wrap(0, row.group(1), columns) + "\n" + wrap(INDENT, row.group(2), columns);
    }
    String text = line.stripLeading();
    int start = line.length() - text.length();
    return start < FAR_RIGHT && text.startsWith("-")
        ? wrap(0, text, columns)
        : wrap(Math.min(start, INDENT), text, columns);
  }

  private static String wrap(int start, String text, int columns) {
    return DisplayWidth.wrap(" ".repeat(start) + text, " ", columns, start == 0 ? 0 : INDENT);
  }
}
