package dev.lamina.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What Linux says of the processor and of this process; "unknown" where there is no Linux. */
final class Machine {
  static final Machine THIS = new Machine(Path.of("/proc"));

  private static final String UNKNOWN = "unknown";

  /** Of x86 and arm64, what multiplies many numbers at once. */
  private static final Pattern ARITHMETIC =
      Pattern.compile("fma|f16c|(avx|amx).*|asimd.*|sve.*|bf16|i8mm");

  private final Path proc;

  /** A machine by its {@code /proc}. */
  Machine(Path proc) {
    this.proc = proc;
  }

  /** The processor's name. */
  String processor() {
    return field("cpuinfo", "model name").orElse(UNKNOWN);
  }

  /** The instruction sets for arithmetic, as Linux spells them. */
  String instructionSets() {
    return Stream.of("flags", "Features")
        .flatMap(name -> field("cpuinfo", name).stream())
        .flatMap(flags -> Stream.of(flags.split("\\s+", -1)))
        .filter(flag -> ARITHMETIC.matcher(flag).matches())
        .collect(
            Collectors.collectingAndThen(
                Collectors.joining(" "), sets -> sets.isEmpty() ? UNKNOWN : sets));
  }

  /** The memory that the process holds now. */
  String memory() {
    return megabytes("VmRSS");
  }

  /** The most memory that the process has held. */
  String peakMemory() {
    return megabytes("VmHWM");
  }

  private String megabytes(String name) {
    return field("self/status", name)
        .map(text -> Long.parseLong(text.replace(" kB", "")))
        .map(kilobytes -> String.format(Locale.ROOT, "%,d MiB", kilobytes / 1024))
        .orElse(UNKNOWN);
  }

  /** The value of the first line "name : value". */
  private Optional<String> field(String file, String name) {
    try {
      List<String> lines = Files.readAllLines(proc.resolve(file));
      return lines.stream()
          .filter(line -> line.matches(Pattern.quote(name) + "\\s*:.*"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
