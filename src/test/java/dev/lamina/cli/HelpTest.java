package dev.lamina.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lamina.cli.MainTest.Output;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.HelpCommand;

/** The help of every command, and the script of completion. */
class HelpTest {
  @TempDir private Path folder;

  @TestFactory
  List<DynamicTest> examples_areCommandsOfTheirOwn() {
    List<DynamicTest> tests = new ArrayList<>();
    collect(new CommandLine(Main.class), tests);
    return tests;
  }

  private static void collect(CommandLine command, List<DynamicTest> tests) {
    if (!(command.getCommand() instanceof HelpCommand)) {
      String name = command.getCommandSpec().qualifiedName();
      tests.add(DynamicTest.dynamicTest(name, () -> checkExamples(name, command)));
    }
    command.getSubcommands().values().forEach(below -> collect(below, tests));
  }

  private static void checkExamples(String name, CommandLine command) {
    String[] examples = command.getCommandSpec().usageMessage().footer();
    assertThat(command.getUsageMessage())
        .contains("\nExamples:\n  " + name)
        .doesNotContain("\u001b");
    assertThat(examples).isNotEmpty().allMatch(example -> example.startsWith("  " + name));
    for (String example : examples) {
      String[] words = example.strip().replaceFirst(" >>.*", "").split(" ", -1);
      CommandLine parser = new CommandLine(Main.class).setCaseInsensitiveEnumValuesAllowed(true);
      // Throws if it is not understood.
      parser.parseArgs(Arrays.copyOfRange(words, 1, words.length));
    }
  }

  @Test
  void help_namesEveryExitStatus() {
    assertThat(MainTest.lamina("--help").out())
        .contains("\nExit status:\n")
        .contains("  0     done\n", "  2     what you can change", "  143   stopped by SIGTERM\n");
  }

  @Test
  void completion_completesCommandsAndOptions() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/bin/bash")));
    Output output = MainTest.lamina("completion", "bash");
    assertThat(output.status()).isZero();
    assertThat(MainTest.lamina("completion", "zsh")).isEqualTo(output);
    Path script = Files.writeString(folder.resolve("completion"), output.out());
    assertThat(completed(script, "lamina eva")).isEqualTo("evaluate\n");
    assertThat(completed(script, "lamina train --epo")).isEqualTo("--epochs\n");
    assertThat(completed(script, "lamina data i")).isEqualTo("inspect\n");
  }

  private static String completed(Path script, String line) throws IOException {
    String ask =
        "source %s; COMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE='%s'; _complete_lamina; echo \"${COMPREPLY[@]}\""
            .formatted(script, line, line);
    Process process = new ProcessBuilder("/bin/bash", "-c", ask).start();
    return new String(process.getInputStream().readAllBytes(), UTF_8);
  }
}
