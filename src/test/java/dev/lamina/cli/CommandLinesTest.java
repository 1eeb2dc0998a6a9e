package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandLinesTest {
  @Test
  void words_areQuotedForTheShell() {
    assumeFalse(System.getProperty("os.name").startsWith("Windows"), "its shell quotes otherwise");
    assertThat(CommandLines.quote("runs/2026-11-26,a=b")).isEqualTo("runs/2026-11-26,a=b");
    assertThat(CommandLines.quote(Path.of("grüne Äpfel"))).isEqualTo("'grüne Äpfel'");
    assertThat(CommandLines.quote("it's $HOME")).isEqualTo("'it'\\''s $HOME'");
    assertThat(CommandLines.quote("a\\b")).isEqualTo("'a\\b'");
    assertThat(CommandLines.quote("")).isEqualTo("''");
  }

  /** The second value would be an argument of its own. */
  @Test
  void printedOptions_areNamedBeforeEachValue(@TempDir Path folder) {
    List<Object> words = new ArrayList<>(List.of("find-lr", "--width", 1, "--batch-size", 2));
    words.addAll(List.of("--augment", "RandomFlip", "--augment", "Cutout:size=8", "--nesterov"));
    words.addAll(List.of("--steps", 12, "--out", folder.resolve("curve")));
    assertThat(OptionRuns.succeeds(words).out())
        .containsPattern(
            "\ntrain      tools/lamina train --width 1 --batch-size 2 --augment RandomFlip --augment Cutout:size=8"
                + " --nesterov --learning-rate \\S+\n");
  }

  @Test
  void line_beginsAsLaminaWasStarted() {
    assertThat(CommandLines.lamina(List.of("train", 3))).isEqualTo("tools/lamina train 3");
    System.setProperty("lamina.command", "/opt/my tools/lamina");
    try {
      assertThat(CommandLines.lamina(List.of("x"))).isEqualTo("'/opt/my tools/lamina' x");
    } finally {
      System.clearProperty("lamina.command");
    }
  }
}
