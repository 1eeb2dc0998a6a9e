package dev.lamina.cli;

import dev.lamina.model.Model;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes a SavedModel of a run. */
@Command(
    name = "export",
    description = "Writes the model of a run as a SavedModel.",
    mixinStandardHelpOptions = true)
final class ExportCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "DIR", description = "the new folder, for serving NAME/1")
  private Path folder = Path.of("");

  @Option(names = "--run", paramLabel = "DIR", description = "the run (default: the newest)")
  private @Nullable Path run;

  @Override
  public Integer call() {
    Path from = RunFolders.find(run);
    try (Model model = RunConfig.load(from)) {
      model.export(folder, RunConfig.read(from).environment());
    }
    spec.commandLine().getOut().println("SavedModel " + folder);
    return 0;
  }
}
