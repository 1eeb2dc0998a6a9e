package dev.lamina.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints the script by which a shell completes commands and options. */
@Command(
    name = "completion",
    description =
        "Prints a script that completes the words of this command, for the file that the shell reads at its start.",
    mixinStandardHelpOptions = true,
    footerHeading = Main.EXAMPLES,
    footer = {
      "  lamina completion bash >> ~/.bashrc",
      "  lamina completion zsh >> ~/.zshrc",
    })
final class CompletionCommand implements Callable<Integer> {
  /** One script is for both: it makes zsh take completions of bash. */
  enum Shell {
    BASH,
    ZSH
  }

  @Spec private CommandSpec spec = CommandSpec.create();

  @SuppressWarnings("UnusedVariable") // Only the name is checked.
  @Parameters(paramLabel = "SHELL", description = "bash or zsh")
  private Shell shell = Shell.BASH;

  @Override
  public Integer call() {
    spec.commandLine().getOut().println(AutoComplete.bash("lamina", spec.root().commandLine()));
    return 0;
  }
}
