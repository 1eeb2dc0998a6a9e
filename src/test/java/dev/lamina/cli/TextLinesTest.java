package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class TextLinesTest {
  private static final String NETWORK =
      "network    resnet-cifar of width 4: 44,922 parameters, 600 running statistics, 4,337,984 MACs per image";

  @Test
  void wrap_keepsToTheColumnOfALabel() {
    assertThat(TextLines.wrap(NETWORK, 80))
        .isEqualTo(
            """
            network    resnet-cifar of width 4: 44,922 parameters, 600 running statistics,
                       4,337,984 MACs per image""");
    assertThat(
            TextLines.wrap("instruction sets  fma avx avx2 avx512f avx512vl avx512_bf16 amx", 60))
        .endsWith("avx512_bf16\n                  amx");
    assertThat(TextLines.wrap("validation " + "0123456789 ".repeat(6).strip(), 60))
        .endsWith("\n           0123456789 0123456789");
  }

  @Test
  void wrap_ofFewColumns_indentsByTwo() {
    assertThat(TextLines.wrap(NETWORK, 40))
        .isEqualTo(
            """
            network    resnet-cifar of width 4:
              44,922 parameters, 600 running
              statistics, 4,337,984 MACs per image""");
    assertThat(TextLines.wrap("  recipe.augmentations [{a}, {b}, {c}]", 30))
        .isEqualTo("  recipe.augmentations [{a},\n    {b}, {c}]");
  }

  @Test
  void wrap_leavesACommandAsItIs() {
    String command = "tools/lamina train --resume 'runs/my first run'";
    String error = "lamina: it has no weights yet; continue it with: " + command;
    assertThat(TextLines.wrap(error, 40))
        .isEqualTo("lamina: it has no weights yet; continue\n  it with:\n" + command);
    assertThat(TextLines.wrap(error, 120)).isEqualTo(error);
  }

  @Test
  void print_toAFileOrAPipe_isTheTextItself() {
    StringWriter text = new StringWriter();
    TextLines.print(new PrintWriter(text, true), "%s%nx", NETWORK + NETWORK);
    assertThat(text.toString().lines()).containsExactly(NETWORK + NETWORK, "x");
  }
}
