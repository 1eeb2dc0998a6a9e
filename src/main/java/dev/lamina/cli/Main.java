package dev.lamina.cli;

import dev.lamina.io.LaminaException;
import java.io.UncheckedIOException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;

/** The {@code lamina} command. */
@Command(
    name = "lamina",
    description = "Trains, looks at, exports and serves convolutional image classifiers.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    subcommands = {
      TrainCommand.class,
      EvaluateCommand.class,
      PredictCommand.class,
      SummaryCommand.class,
      BenchmarkCommand.class,
      ExportCommand.class,
      ServeCommand.class,
      DataCommand.class,
      HelpCommand.class
    })
public final class Main {
  /** The exit status of errors that the user can fix. */
  static final int USER_ERROR = 2;

  private Main() {}

  /** Runs a command and exits with its status: 0 done, 2 bad input, 1 an error in Lamina. */
  public static void main(String[] args) {
    System.exit(run(args));
  }

  /** Runs a command and returns its status. */
  static int run(String... args) {
    CommandLine command = new CommandLine(new Main());
    command.setExecutionExceptionHandler((e, line, result) -> report(e, line));
    command.setParameterExceptionHandler((e, arguments) -> report(e));
    command.setCaseInsensitiveEnumValuesAllowed(true);
    return args.length == 0 ? usage(command) : command.execute(args);
  }

  private static int usage(CommandLine command) {
    command.usage(command.getErr());
    return USER_ERROR;
  }

  private static int report(ParameterException e) {
    e.getCommandLine()
        .getErr()
        .printf(
            "lamina: %s; see '%s --help'%n",
            e.getMessage(), e.getCommandLine().getCommandSpec().qualifiedName());
    return USER_ERROR;
  }

  private static int report(Exception e, CommandLine line) {
    if (e instanceof IllegalArgumentException
        || e instanceof LaminaException
        || e instanceof UncheckedIOException) {
      line.getErr().println("lamina: " + e.getMessage());
      return USER_ERROR;
    }
    e.printStackTrace(line.getErr());
    return 1;
  }

  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"lamina " + Environment.version()};
    }
  }
}
