package dev.lamina.cli;

import com.google.common.base.Suppliers;
import com.google.common.primitives.Ints;
import dev.lamina.io.Terminal;
import java.io.IOException;
import java.util.Map;
import java.util.function.Supplier;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;

/** How many columns a line of output may have. */
final class TerminalWidth {
  /** Where the output is no terminal, or the terminal does not say. */
  private static final int DEFAULT = 80;

  /** Asked for once, since programs are started to find out. */
  private static final Supplier<Integer> COLUMNS =
      Suppliers.memoize(() -> columns(System.getenv()));

  private TerminalWidth() {}

  /** Returns the width of the terminal of this process; 80 if the output is none. */
  static int columns() {
    return COLUMNS.get();
  }

  /** Returns the width of the terminal of this process; unlimited if the output is none. */
  static int limit() {
    return Terminal.isInteractive() ? columns() : Integer.MAX_VALUE;
  }

  /** Returns the width of the terminal of this process; unlimited if the errors go elsewhere. */
  static int errorLimit() {
    return Terminal.isErrorInteractive() ? columns() : Integer.MAX_VALUE;
  }

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
