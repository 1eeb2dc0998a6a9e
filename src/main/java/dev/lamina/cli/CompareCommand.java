package dev.lamina.cli;

import dev.lamina.io.LaminaException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashSet;
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
    if (new HashSet<>(all).size() < all.size()) {
      throw new LaminaException("runs must be different, got " + all);
    }
    Comparison given = Comparison.of(all);
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
    return 0;
  }
}
