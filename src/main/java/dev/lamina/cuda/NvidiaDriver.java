package dev.lamina.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The graphics driver of NVIDIA and the cards that it drives, on Linux.
 *
 * @param version the version, such as 535.129.03
 * @param cards the graphics cards; empty if {@code nvidia-smi} does not list them
 */
public record NvidiaDriver(String version, List<Card> cards) {
  /**
   * A graphics card.
   *
   * @param name its name
   * @param computeCapability the version of its instruction set, such as 9.0
   * @param memory its memory, as {@code nvidia-smi} writes it
   */
  public record Card(String name, String computeCapability, String memory) {
    /**
     * Returns whether the card is newer than the code of TensorFlow 2.18: compute capability 10 and
     * up (Blackwell).
     */
    public boolean isTooNew() {
      return major(computeCapability) >= 10;
    }
  }

  /** The oldest driver for CUDA 12 (NVIDIA, "CUDA Compatibility"). */
  public static final String OLDEST = "525.60.13";

  private static final Pattern VERSION =
      Pattern.compile("Kernel Module(?: for \\S+)?\\s+([0-9]+(?:\\.[0-9]+)+)");

  private static final long TIMEOUT_SECONDS = 60;

  /** Copies the list. */
  public NvidiaDriver {
    cards = List.copyOf(cards);
  }

  /**
   * Returns the driver of this machine; empty if there is none.
   *
   * @param root the root of the file system
   * @param nvidiaSmi the program {@code nvidia-smi}, as a path or a name on the PATH
   */
  public static Optional<NvidiaDriver> find(Path root, String nvidiaSmi) {
    try {
      String text = Files.readString(root.resolve("proc/driver/nvidia/version"));
      Matcher matcher = VERSION.matcher(text);
      String version = matcher.find() ? matcher.group(1) : "unknown";
      return Optional.of(new NvidiaDriver(version, cards(rows(nvidiaSmi))));
    } catch (IOException e) {
      // WSL has cards, but no kernel module.
      List<String[]> rows = rows(nvidiaSmi);
      return rows.stream().findFirst().map(row -> new NvidiaDriver(row[3], cards(rows)));
    }
  }

  /** Returns whether the driver is too old for CUDA 12. */
  public boolean isTooOld() {
    return major(version) < major(OLDEST);
  }

  private static List<Card> cards(List<String[]> rows) {
    return rows.stream().map(row -> new Card(row[0], row[1], row[2])).toList();
  }

  /** Returns name, compute capability, memory and driver of each card. */
  private static List<String[]> rows(String nvidiaSmi) {
    return output(nvidiaSmi, TIMEOUT_SECONDS)
        .lines()
        .map(line -> line.strip().split(", ", -1))
        .filter(fields -> fields.length == 4)
        .toList();
  }

  /** Returns what the program says of the cards; nothing if it does not end in time. */
  static String output(String nvidiaSmi, long timeoutSeconds) {
    try {
      // A file, since a program that hangs keeps a pipe open.
      Path file = Files.createTempFile("cards", ".csv");
      try {
        Process process =
            new ProcessBuilder(
                    nvidiaSmi,
                    "--query-gpu=name,compute_cap,memory.total,driver_version",
                    "--format=csv,noheader")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .redirectOutput(file.toFile())
                .start();
        process.getOutputStream().close();
        if (process.waitFor(timeoutSeconds, TimeUnit.SECONDS)) {
          return Files.readString(file);
        }
        process.destroyForcibly();
        return "";
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }

  private static int major(String version) {
    String digits = version.split("\\.", -1)[0];
    return digits.matches("[0-9]{1,9}") ? Integer.parseInt(digits) : Integer.MAX_VALUE;
  }
}
