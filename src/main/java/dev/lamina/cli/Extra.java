package dev.lamina.cli;

import dev.lamina.io.Messages;
import picocli.CommandLine.Model.CommandSpec;

/** Pictures and pages beside the result of a command. */
final class Extra {
  private Extra() {}

  /**
   * Writes some; without being asked for, those that cannot be written are only a warning.
   *
   * @param what they are, such as "pictures"
   * @param asked whether the user asked for them
   * @return whether they were written
   */
  static boolean write(CommandSpec spec, String what, boolean asked, Runnable writing) {
    try {
      writing.run();
      return true;
    } catch (RuntimeException | Error e) { // Without its native libraries AWT throws an Error.
      if (asked) {
        throw e;
      }
      spec.commandLine()
          .getErr()
          .println("lamina: no %s was written (%s)".formatted(what, Messages.singleLine(e)));
      return false;
    }
  }
}
