package dev.lamina.cli;

import dev.lamina.model.Model;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints the table of a network's layers. */
@Command(
    name = "summary",
    description =
        "Prints the layers of the network of a run, or of one of the zoo with --network or --width.",
    mixinStandardHelpOptions = true)
final class SummaryCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--run", paramLabel = "DIR", description = "the run (default: the newest)")
  private @Nullable Path run;

  @Mixin private NetworkOption network = new NetworkOption();

  @Override
  public Integer call() {
    try (Model model = ofZoo() ? network.builder().build() : RunConfig.load(RunFolders.find(run))) {
      spec.commandLine().getOut().print(model.summary());
      spec.commandLine().getOut().flush();
    }
    return 0;
  }

  private boolean ofZoo() {
    return spec.commandLine().getParseResult().hasMatchedOption("--network")
        || network.width != null;
  }
}
