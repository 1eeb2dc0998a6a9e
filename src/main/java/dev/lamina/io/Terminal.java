package dev.lamina.io;

import java.io.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The terminal of this process. */
public final class Terminal {
  /** The type of a file in its POSIX mode. */
  private static final int TYPE = 0170000;

  private static final int CHARACTER_DEVICE = 0020000;

  private Terminal() {}

  /**
   * Whether standard error is a terminal, too. Where the system cannot tell, it is taken for one.
   */
  public static boolean isErrorInteractive() {
    int type = type(2);
    return isInteractive() && (type == 0 || type == CHARACTER_DEVICE);
  }

  /**
   * Returns whether a stream of this process is a pipe or a socket.
   *
   * @param stream 1 for standard output, 2 for standard error
   */
  public static boolean isPipe(int stream) {
    int type = type(stream);
    return type == 0010000 || type == 0140000;
  }

  /** Returns the type of a stream of this process; 0 if the system cannot tell. */
  private static int type(int stream) {
    try {
      return (int) Files.getAttribute(Path.of("/dev/fd/" + stream), "unix:mode") & TYPE;
    } catch (IOException | UnsupportedOperationException e) {
      return 0;
    }
  }

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
