package dev.lamina.spark;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A worker's process has failed. Spark passes on no more than the message, from which the driver
 * reads the status.
 */
final class WorkerFailedException extends Exception {
  private static final long serialVersionUID = 1;

  /** The exit status of the command for what the user has to repair. */
  private static final int USER_ERROR = 2;

  private static final Pattern STATUS = Pattern.compile("worker \\d+ failed with status (\\d+).*");

  WorkerFailedException(int rank, int status, String reason) {
    super(
        String.format(
            Locale.ROOT,
            "worker %d failed with status %d%s: %s",
            rank,
            status,
            status > 128 ? " (signal " + (status - 128) + ")" : "",
            reason));
  }

  /** Returns whether another start would fail in the same way, by the message of an exception. */
  static boolean isUserError(String message) {
    Matcher matcher = STATUS.matcher(message);
    return matcher.matches() && Integer.parseInt(matcher.group(1)) == USER_ERROR;
  }
}
