package dev.lamina.cli;

import dev.lamina.io.LaminaException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares runs. */
@Command(
    name = "compare",
    description =
        "Compares runs: a table of the epoch whose weights each run kept, its training loss, its validation and test"
            + " accuracy, and of the options in which the runs differ; and a page with all curves.",
    mixinStandardHelpOptions = true,
    footerHeading = Main.EXAMPLES,
    footer = {"  lamina compare runs/first runs/second", "  lamina compare runs/* --sort"})
final class CompareCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "RUN",
      arity = "1..*",
      description = "the folders of runs, or folders that hold runs, as that of a sweep")
  private List<Path> runs = List.of();

  @Option(
      names = "--sort",
      description =
          "sort by accuracy, on the validation images if there were some, else on the test images (default: as given)")
  private boolean sort;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      defaultValue = "compare.html",
      description = "where the page goes (default: ${DEFAULT-VALUE})")
  private Path out = Path.of("compare.html");

  @Option(names = "--json", description = "print one JSON object instead of the table")
  private boolean json;

  @Override
  public Integer call() {
    List<Path> all = runs.stream().flatMap(folder -> RunFolders.in(folder).stream()).toList();
    if (all.stream().map(run -> run.toAbsolutePath().normalize()).distinct().count() < all.size()) {
      throw new LaminaException("runs must be different, got " + all);
    }
    RunFolders.checkFile("--out", out);
    Comparison given = new Comparison(read(all));
    if (given.runs().isEmpty()) {
      return Main.USER_ERROR;
    }
    Comparison comparison = sort ? given.byAccuracy() : given;
    PrintWriter printed = spec.commandLine().getOut();
    if (json) {
      printed.println(comparison.json());
    } else {
      TextLines.print(printed, "%s", comparison.text(TerminalWidth.columns()).stripTrailing());
    }
    boolean asked = spec.commandLine().getParseResult().hasMatchedOption("--out");
    if (Extra.write(spec, "page", asked, () -> comparison.write(out)) && !json) {
      TextLines.print(printed, "page       %s", out);
    }
    return given.runs().size() == all.size() ? 0 : Main.USER_ERROR;
  }

  /** Reads runs; names those that cannot be read, and leaves them out. */
  private List<Comparison.Run> read(List<Path> folders) {
    List<Comparison.Run> read = new ArrayList<>();
    for (Path folder : folders) {
      try {
        read.add(Comparison.Run.read(folder));
      } catch (LaminaException e) {
        TextLines.printError(spec.commandLine().getErr(), "lamina: %s", e.getMessage());
      }
    }
    return read;
  }
}
