package dev.lamina.cli;

import com.google.common.net.HostAndPort;
import dev.lamina.io.HeldPort;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;

/** The launcher of {@code lamina launch}, with another program. */
public final class Launches {
  private Launches() {}

  /**
   * Starts workers on this machine, and starts them again if one fails.
   *
   * @param program the main class and its arguments
   * @param err where to print
   * @return the exit status
   */
  public static int run(
      List<String> program, int workers, Duration timeout, int maxRestarts, PrintWriter err) {
    try (HeldPort port = new HeldPort()) {
      return new Launcher(program, workers, workers, 0, timeout, err)
          .run(HostAndPort.fromParts("127.0.0.1", port.number()), maxRestarts);
    }
  }
}
