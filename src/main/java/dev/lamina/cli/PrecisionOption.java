package dev.lamina.cli;

import dev.lamina.graph.Precision;
import java.util.Locale;
import picocli.CommandLine.Option;

/** The option that says what convolutions compute in. */
final class PrecisionOption {
  private enum Choice {
    AUTO,
    FLOAT32,
    BFLOAT16,
    FLOAT16
  }

  @Option(
      names = "--precision",
      paramLabel = "FORMAT",
      defaultValue = "auto",
      description =
          "what convolutions compute in: float32, bfloat16, float16 (for GPUs), or auto, bfloat16 where the processor"
              + " has instructions for it (default: auto)")
  private Choice choice = Choice.AUTO;

  /** The precision that was asked for, or the machine's own. */
  Precision resolve() {
    return choice == Choice.AUTO ? Precision.automatic() : Precision.valueOf(choice.name());
  }

  /** How the user writes it. */
  static String text(Precision precision) {
    return precision.name().toLowerCase(Locale.ROOT);
  }
}
