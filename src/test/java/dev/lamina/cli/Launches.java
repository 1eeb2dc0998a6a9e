package dev.lamina.cli;

import com.google.common.net.HostAndPort;
import dev.lamina.io.HeldPort;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

/** The launcher of {@code lamina launch}, with another program. */
public final class Launches {
  private Launches() {}

  /**
   * The launcher of one of two machines with a worker each: its number, the address of machine 0
   * with a port, the timeout in seconds, how often to start again, and the program.
   */
  public static void main(String[] args) {
    int machine = Integer.parseInt(args[0]);
    Duration timeout = Duration.ofSeconds(Long.parseLong(args[2]));
    List<String> program = List.of(args).subList(4, args.length);
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    int status =
        new Launcher(program, 1, 2, machine, timeout, out, err)
            .run(HostAndPort.fromString(args[1]), Integer.parseInt(args[3]));
    System.exit(status);
  }

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
      return new Launcher(program, workers, workers, 0, timeout, err, err)
          .run(HostAndPort.fromParts("127.0.0.1", port.number()), maxRestarts);
    }
  }
}
