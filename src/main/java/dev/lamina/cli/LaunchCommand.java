package dev.lamina.cli;

import com.google.common.net.HostAndPort;
import com.google.common.net.InetAddresses;
import dev.lamina.io.HeldPort;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Starts several processes that train together, and starts them again if one fails. */
@Command(
    name = "launch",
    description =
        "Trains with several processes, which share every batch: 'lamina launch --workers 4 train --data DIR'. If one"
            + " fails, all continue from the newest checkpoint. On several machines, start it on each, with the same"
            + " options but --node-rank. TensorFlow's connections are not protected: use a private network.",
    mixinStandardHelpOptions = true,
    footerHeading = Main.EXAMPLES,
    footer = {
      "  lamina launch --workers 2 train --data photos --run runs/two",
      "  lamina launch --workers 1 --nodes 2 --coordinator host0:29500 train --run /s/r"
    })
final class LaunchCommand implements Callable<Integer> {
  private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--workers",
      paramLabel = "N",
      required = true,
      description = "processes on this machine")
  private int workers;

  @Option(
      names = "--nodes",
      paramLabel = "M",
      defaultValue = "1",
      description = "machines (default: 1)")
  private int nodes = 1;

  @Option(
      names = "--node-rank",
      paramLabel = "R",
      defaultValue = "0",
      description = "the number of this machine, from 0 (default: 0)")
  private int nodeRank;

  @Option(
      names = "--coordinator",
      paramLabel = "HOST:PORT",
      description =
          "an address of machine 0 that all machines reach, and a port that is free there (default: this machine only)")
  private @Nullable String coordinator;

  @Option(
      names = "--max-restarts",
      paramLabel = "K",
      defaultValue = "3",
      description = "how often all are started again (default: 3)")
  private int maxRestarts = 3;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "300",
      description =
          "how long a worker waits for the others, at the start and in a step (default: 300)")
  private int timeout = 300;

  @Parameters(
      arity = "1..*",
      paramLabel = "train ...",
      hideParamSyntax = true,
      description = "the command to run in every process, with its options")
  private List<String> command = List.of();

  /** Leaves what follows the word train to that command. */
  @Spec
  void setSpec(CommandSpec spec) {
    this.spec = spec;
    spec.parser().stopAtPositional(true);
  }

  @Override
  public Integer call() {
    check(workers > 0, "--workers must be positive, got " + workers);
    check(nodes > 0, "--nodes must be positive, got " + nodes);
    check(
        nodeRank >= 0 && nodeRank < nodes,
        "--node-rank must be from 0 to " + (nodes - 1) + ", got " + nodeRank);
    check(maxRestarts >= 0, "--max-restarts must not be negative, got " + maxRestarts);
    check(timeout > 0, "--timeout must be positive, got " + timeout);
    check(
        command.get(0).equals("train"), "launch must be followed by train, got " + command.get(0));
    // Else every worker says what is wrong with them.
    Objects.requireNonNull(spec.parent().subcommands().get("train"))
        .parseArgs(command.subList(1, command.size()).toArray(String[]::new));
    check(nodes == 1 || coordinator != null, "--coordinator must be given for several machines");
    if (command.stream().anyMatch(word -> word.matches("--(run|resume)(=.*)?"))) {
      return launch(command);
    }
    check(nodes == 1, "train --run must name a folder that all machines see");
    Path run = RunFolders.fresh();
    try {
      List<String> words = new ArrayList<>(command);
      words.addAll(List.of("--run", run.toString()));
      return launch(words);
    } finally {
      RunFolders.deleteIfEmpty(run);
    }
  }

  private int launch(List<String> train) {
    List<String> words = new ArrayList<>(List.of(Main.class.getName()));
    words.addAll(train);
    Launcher launcher =
        new Launcher(
            words,
            workers,
            nodes * workers,
            nodeRank * workers,
            Duration.ofSeconds(timeout),
            spec.commandLine().getOut(),
            spec.commandLine().getErr());
    if (coordinator != null) {
      return launcher.run(address(coordinator), maxRestarts);
    }
    try (HeldPort port = new HeldPort()) {
      return launcher.run(HostAndPort.fromParts("127.0.0.1", port.number()), maxRestarts);
    }
  }

  private HostAndPort address(String coordinator) {
    try {
      HostAndPort address = HostAndPort.fromString(coordinator);
      check(address.hasPort(), "--coordinator must be HOST:PORT, got " + coordinator);
      check(
          nodes == 1 || !isLoopbackName(address.getHost()),
          "--coordinator must be an address that all machines reach, but this machine takes %s for itself alone (see /etc/hosts); give the number of machine 0's address, as 10.0.0.1"
              .formatted(address.getHost()));
      return address;
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          spec.commandLine(), "--coordinator must be HOST:PORT, got " + coordinator, e);
    }
  }

  /**
   * Returns whether other machines cannot reach what a name stands for here, as where Debian maps a
   * machine's own name to 127.0.1.1. Who gives a loopback address as a number means it.
   */
  private static boolean isLoopbackName(String host) {
    InetAddress address = new InetSocketAddress(host, 0).getAddress();
    return !InetAddresses.isInetAddress(host) && address != null && address.isLoopbackAddress();
  }

  private void check(boolean condition, String message) {
    if (!condition) {
      throw new ParameterException(spec.commandLine(), message);
    }
  }
}
