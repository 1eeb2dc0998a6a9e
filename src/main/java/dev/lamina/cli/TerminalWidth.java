package dev.lamina.cli;

import com.google.common.primitives.Ints;
import dev.lamina.io.Terminal;
import java.io.IOException;
import java.util.Map;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;

/** How many columns a line of output may have. */
final class TerminalWidth {
  /** Where the output is no terminal, or the terminal does not say. */
  private static final int DEFAULT = 80;

  private TerminalWidth() {}

  /** Returns the width of the terminal; {@code COLUMNS} in the environment overrides it. */
  static int columns(Map<String, String> environment) {
    @Nullable Integer given = Ints.tryParse(environment.getOrDefault("COLUMNS", ""));
    if (given != null && given > 0) {
      return given;
    }
    if (!Terminal.isInteractive()) {
      return DEFAULT;
    }
    try (var terminal = TerminalBuilder.builder().dumb(true).build()) {
      return terminal.getWidth() > 0 ? terminal.getWidth() : DEFAULT;
    } catch (IOException e) {
      return DEFAULT;
    }
  }
}
