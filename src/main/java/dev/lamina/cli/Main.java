package dev.lamina.cli;

import dev.lamina.io.LaminaException;
import dev.lamina.io.OptionalLibraries;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.UnmatchedArgumentException;

/** The {@code lamina} command. */
@Command(
    name = "lamina",
    description = "Trains, looks at, exports and serves convolutional image classifiers.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    subcommands = {
      TrainCommand.class,
      LaunchCommand.class,
      SweepCommand.class,
      EvaluateCommand.class,
      CompareCommand.class,
      PredictCommand.class,
      SummaryCommand.class,
      BenchmarkCommand.class,
      FindLearningRateCommand.class,
      ExportCommand.class,
      ServeCommand.class,
      DataCommand.class,
      DoctorCommand.class,
      CompletionCommand.class,
      HelpCommand.class
    },
    footerHeading = Main.EXAMPLES,
    footer = {"  lamina train --data photos", "  lamina train --help"},
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:done",
      "1:an error in Lamina",
      "2:what you can change: an option, a file, the machine",
      "75:another of several training processes failed; start all again",
      "129:stopped since its terminal was closed (SIGHUP)",
      "130:stopped by Ctrl-C",
      "141:nobody reads the output any more",
      "143:stopped by SIGTERM"
    })
public final class Main {
  /** Above the examples in the help of a command. */
  static final String EXAMPLES = "%nExamples:%n";

  /** The exit status of errors that the user can fix. */
  static final int USER_ERROR = 2;

  /** The exit status of a worker that lost another one: as EX_TEMPFAIL, it may be tried again. */
  static final int WORKER_LOST = 75;

  private static final Map<String, String> LIBRARIES =
      Map.of(
          "picocli.CommandLine", "info.picocli:picocli",
          "com.fasterxml.jackson.dataformat.yaml.YAMLMapper",
              "com.fasterxml.jackson.dataformat:jackson-dataformat-yaml",
          "org.jline.utils.Signals", "org.jline:jline-terminal");

  private Main() {}

  /**
   * Runs a command and exits with its status: 0 done, 2 bad input, 75 another worker failed, 1 an
   * error in Lamina.
   */
  public static void main(String[] args) {
    // Numbers in other libraries' output, too, have the digits 0 to 9.
    Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
    System.setOut(utf8(FileDescriptor.out));
    System.setErr(utf8(FileDescriptor.err));
    try {
      OptionalLibraries.require("the command", LIBRARIES);
    } catch (LaminaException e) {
      System.err.println("lamina: " + e.getMessage());
      System.exit(USER_ERROR);
    }
    System.exit(run(args));
  }

  private static PrintStream utf8(FileDescriptor stream) {
    return new PrintStream(new FileOutputStream(stream), true, StandardCharsets.UTF_8);
  }

  /** Runs a command and returns its status. */
  static int run(String... args) {
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    CommandLine command = new CommandLine(new Main()).setOut(out).setErr(err);
    command.setExecutionExceptionHandler((e, executed, result) -> Failures.report(e, executed));
    command.setParameterExceptionHandler((e, arguments) -> report(e));
    command.setExecutionStrategy(
        result -> {
          EmptyValues.refuse(result);
          return new RunLast().execute(result);
        });
    command.setCaseInsensitiveEnumValuesAllowed(true);
    HelpText.fit(command, TerminalWidth::columns);
    int status = args.length == 0 ? usage(command) : execute(command, args);
    return out.checkError() ? Failures.unwritten(err) : status;
  }

  private static int execute(CommandLine command, String... args) {
    try {
      return command.execute(args);
    } catch (Error e) {
      // The command below, to which picocli leads exceptions alone.
      List<CommandLine> executed = command.getParseResult().asCommandLineList();
      return Failures.report(e, executed.get(executed.size() - 1));
    }
  }

  private static int usage(CommandLine command) {
    command.usage(command.getErr());
    return USER_ERROR;
  }

  private static int report(ParameterException e) {
    TextLines.printError(
        e.getCommandLine().getErr(),
        "lamina: %s%s; see '%s --help'",
        e.getMessage(),
        suggestion(e),
        e.getCommandLine().getCommandSpec().qualifiedName());
    return USER_ERROR;
  }

  private static String suggestion(ParameterException e) {
    return e instanceof UnmatchedArgumentException unmatched
        ? unmatched.getSuggestions().stream()
            .findFirst()
            .map(name -> "; did you mean '" + name + "'?")
            .orElse("")
        : "";
  }

  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"lamina " + Environment.version()};
    }
  }
}
