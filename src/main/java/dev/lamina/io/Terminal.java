package dev.lamina.io;

import java.io.Console;

/** The terminal of this process. */
public final class Terminal {
  private Terminal() {}

  /** Whether standard input and output are a terminal, so that a line can be written again. */
  @SuppressWarnings("SystemConsoleNull")
  public static boolean isInteractive() {
    Console console = System.console();
    if (console == null) {
      return false;
    }
    try {
      // Exists since Java 22, where there is a console without a terminal too.
      return (boolean) Console.class.getMethod("isTerminal").invoke(console);
    } catch (ReflectiveOperationException e) {
      return true;
    }
  }
}
