package dev.lamina.cli;

import dev.lamina.model.Model;
import dev.lamina.zoo.ResNetCifar;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints the table of a network's layers. */
@Command(
    name = "summary",
    description = "Prints the layers of the network of a run, or of ResNetCifar with --width.",
    mixinStandardHelpOptions = true)
final class SummaryCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--run", paramLabel = "DIR", description = "the run (default: the newest)")
  private @Nullable Path run;

  @Option(
      names = "--width",
      description = "show ResNetCifar of this width instead of a run's network")
  private @Nullable Integer width;

  @Override
  public Integer call() {
    try (Model model =
        width == null
            ? RunConfig.load(RunFolders.find(run))
            : ResNetCifar.builder().width(width).build()) {
      spec.commandLine().getOut().print(model.summary());
      spec.commandLine().getOut().flush();
    }
    return 0;
  }
}
