package dev.lamina.cli;

import com.google.common.base.Throwables;
import dev.lamina.distributed.WorkersException;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import dev.lamina.io.Terminal;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.tensorflow.exceptions.TFResourceExhaustedException;
import picocli.CommandLine;

/** Reports in one line what ended a command, with the exit status. */
final class Failures {
  /** The exit status of a process that writes to a pipe that nobody reads: 128 plus SIGPIPE. */
  private static final int BROKEN_PIPE = 128 + 13;

  private Failures() {}

  /**
   * Prints one line, and with LAMINA_DEBUG=1 the stack trace; returns the exit status.
   *
   * @param command what was executed
   */
  static int report(Throwable e, CommandLine command) {
    PrintWriter err = command.getErr();
    if ("1".equals(System.getenv("LAMINA_DEBUG"))) {
      e.printStackTrace(err);
    }
    if (e instanceof IllegalArgumentException
        || e instanceof LaminaException
        || e instanceof UncheckedIOException) {
      TextLines.printError(err, "lamina: %s", e.getMessage());
      return e instanceof WorkersException ? Main.WORKER_LOST : Main.USER_ERROR;
    }
    String reason = Messages.reason(e);
    if (e instanceof OutOfMemoryError) {
      long megabytes = Runtime.getRuntime().maxMemory() >> 20;
      err.printf(
          Locale.ROOT,
          "lamina: out of memory (%s): the Java heap has %s MiB; set LAMINA_JAVA_OPTS=-Xmx%sm for more%s%n",
          reason,
          megabytes,
          Math.max(512, 2 * megabytes),
          smallerBatch(command));
      return Main.USER_ERROR;
    }
    // Not in a step of train, which throws a LaminaException with the batch size that fits.
    if (e instanceof TFResourceExhaustedException) {
      err.printf(
          Locale.ROOT,
          "lamina: out of memory (%s), which other programs may hold too; use smaller images or a smaller network%s%n",
          reason,
          smallerBatch(command));
      return Main.USER_ERROR;
    }
    if (Throwables.getCausalChain(e).stream().anyMatch(UnsatisfiedLinkError.class::isInstance)) {
      err.println("lamina: " + unlinked(e));
      return Main.USER_ERROR;
    }
    err.printf(
        Locale.ROOT,
        "lamina: unexpected error (%s); set LAMINA_DEBUG=1 for its stack trace, and report it%n",
        Messages.singleLine(e));
    return 1;
  }

  /** Returns the advice to take fewer images at once, if the command has an option for it. */
  private static String smallerBatch(CommandLine command) {
    return Stream.of("--batch-size", "--max-batch-size")
        .filter(command.getCommandSpec().optionsMap()::containsKey)
        .map(", or try a smaller "::concat)
        .findFirst()
        .orElse("");
  }

  /** Says why native code was not loaded. JavaCPP unpacks and loads that of TensorFlow. */
  private static String unlinked(Throwable e) {
    List<Throwable> chain = Throwables.getCausalChain(e);
    String all = chain.toString();
    boolean unpacking =
        chain.stream().anyMatch(IOException.class::isInstance)
            || all.matches("(?s).*libtensorflow\\S*: cannot open shared object file.*");
    String reason = Messages.reason(Throwables.getRootCause(e));
    if (unpacking) {
      return ("TensorFlow's native code cannot be loaded (%s); name a folder with 1 GB free where it can be"
              + " unpacked: LAMINA_JAVA_OPTS=-Dorg.bytedeco.javacpp.cachedir=FOLDER")
          .formatted(reason);
    }
    boolean tensorFlow = all.contains("tensorflow") || all.contains("javacpp");
    return "%s cannot be loaded (%s) on this machine (%s on %s); %s"
        .formatted(
            tensorFlow ? "TensorFlow's native code" : "native code",
            reason,
            System.getProperty("os.name"),
            System.getProperty("os.arch"),
            tensorFlow
                ? "use Linux on x86-64 or arm64, macOS on arm64 or Windows on x86-64"
                : "install the library that is missing");
  }

  /**
   * Reports that not all of standard output could be written. Like other tools it prints nothing
   * for a pipe that nobody reads any more, as in {@code lamina summary | head}.
   */
  static int unwritten(PrintWriter err) {
    if (Terminal.isPipe(1)) {
      return BROKEN_PIPE;
    }
    err.println(
        "lamina: standard output could not be written; check the file or the disk that it goes to");
    return Main.USER_ERROR;
  }
}
