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
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IHelpSectionRenderer;

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
    assertThat(examples)
        .isNotEmpty()
        .allMatch(example -> example.startsWith("  " + name) && example.length() <= 80);
    checkWidths(command);
    for (String example : examples) {
      String[] words = example.strip().replaceFirst(" >>.*", "").split(" ", -1);
      CommandLine parser = new CommandLine(Main.class).setCaseInsensitiveEnumValuesAllowed(true);
      // Throws if it is not understood.
      parser.parseArgs(Arrays.copyOfRange(words, 1, words.length));
    }
  }

  /** As wide as the terminal, down to what no space divides; nothing is lost. */
  private static void checkWidths(CommandLine command) {
    String words = String.join("", help(command, 80).split("\\s+", -1));
    for (int columns : new int[] {40, 54, 55, 120}) {
      String help = help(command, columns);
      assertThat(help.lines())
          .allMatch(line -> line.length() <= columns || !line.strip().contains(" "));
      assertThat(String.join("", help.split("\\s+", -1))).isEqualTo(words);
      assertThat(help.lines().mapToInt(String::length).max().orElse(0)).isGreaterThan(columns / 2);
    }
  }

  private static String help(CommandLine command, int columns) {
    Map<String, IHelpSectionRenderer> sections = Map.copyOf(command.getHelpSectionMap());
    HelpText.fit(command, () -> columns);
    String help = command.getUsageMessage();
    command.setHelpSectionMap(sections);
    return help;
  }

  @Test
  void help_at40Columns_hasDescriptionsUnderNames() {
    assertThat(help(new CommandLine(new SweepCommand()), 40))
        .startsWith(
            "Usage: sweep [-hV] [--device=DEVICE]\n  [--out=DIR] FILE\nTrains once for every combination of\n")
        .contains(
            """
            --out=DIR
                the folder of the runs and of
                compare.html (default: runs/NAME, by
                the name of the file)
            """,
            "-h, --help\n    Show this help message and exit.\n",
            "  lamina sweep search.yaml --out\n    sweeps/1\n");
  }

  @Test
  void help_namesTheDefaultImages() {
    assertThat(help(new CommandLine(new EvaluateCommand()), 1000))
        .contains(
            "embedded, a sample of Fashion-MNIST (default: those that the model was trained on)\n");
    assertThat(help(new CommandLine(new TrainCommand()), 1000))
        .contains("embedded, a sample of Fashion-MNIST (default)\n");
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
