package dev.lamina.cli;

import dev.lamina.model.Model;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Prints the table of a network's layers. */
@Command(
    name = "summary",
    description =
        "Prints the layers of the network of a run or an export, or of one of the zoo with --network or --width.",
    mixinStandardHelpOptions = true,
    footerHeading = Main.EXAMPLES,
    footer = {"  lamina summary --network resnet18", "  lamina summary --run export/1"})
final class SummaryCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private ModelOption trained = new ModelOption();

  @Mixin private NetworkOption network = new NetworkOption();

  @Override
  public Integer call() {
    try (Model model = ofZoo() ? network.builder().build() : trained.load()) {
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
