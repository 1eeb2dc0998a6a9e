package dev.lamina.cli;

import dev.lamina.graph.Device;
import dev.lamina.graph.Precision;
import java.util.Locale;
import picocli.CommandLine.Option;

/** The option for the floating-point format of convolutions. */
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
          "what convolutions compute in: float32, bfloat16, float16 (for GPUs), or auto, bfloat16 if the processor"
              + " has instructions for it (default: auto)")
  private Choice choice = Choice.AUTO;

  /** Returns the precision that was given, or the default of the device. */
  Precision resolve(Device device) {
    return choice == Choice.AUTO ? device.precision() : Precision.valueOf(choice.name());
  }

  /** Returns the value of the option for a precision. */
  static String text(Precision precision) {
    return precision.name().toLowerCase(Locale.ROOT);
  }
}
