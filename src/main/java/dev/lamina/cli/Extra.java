package dev.lamina.cli;

import dev.lamina.io.Messages;
import java.util.function.Consumer;
import picocli.CommandLine.Model.CommandSpec;

/** Pictures, pages and logs beside the result of a command, which never cost the result. */
final class Extra {
  private Extra() {}

  /**
   * Writes one; unless the user asked for it, a failure is only a warning.
   *
   * @param what it is, such as "page"
   * @param asked whether the user asked for it
   * @return whether it was written
   */
  static boolean write(CommandSpec spec, String what, boolean asked, Runnable writing) {
    if (asked) {
      writing.run();
      return true;
    }
    return attempt(
        writing,
        e ->
            spec.commandLine()
                .getErr()
                .println("lamina: no %s was written (%s)".formatted(what, Messages.singleLine(e))));
  }

  /**
   * Writes one, and passes a failure to {@code warning}: an Error too, since AWT throws one without
   * fonts or its native libraries, and a picture may need more memory than there is.
   *
   * @return whether it was written
   */
  static boolean attempt(Runnable writing, Consumer<Throwable> warning) {
    try {
      writing.run();
      return true;
    } catch (RuntimeException | Error e) {
      warning.accept(e);
      return false;
    }
  }
}
