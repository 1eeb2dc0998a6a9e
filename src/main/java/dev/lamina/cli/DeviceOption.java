package dev.lamina.cli;

import dev.lamina.graph.Device;
import java.util.List;
import picocli.CommandLine.Option;

/** The option for the device that a network runs on. */
final class DeviceOption {
  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      defaultValue = "auto",
      description =
          "where networks run: cpu, gpu (the first), gpu:1, several GPUs that share every training batch (gpu:0,gpu:1), or"
              + " auto, the first GPU if there is one, else the processor (default: auto)")
  private String name = "auto";

  /** Returns the words that give the option to another command. */
  List<String> words() {
    return List.of("--device", name);
  }

  /** Returns the device, which exists. */
  Device resolve() {
    Device device = Device.named(name);
    device.checkExists();
    return device;
  }
}
