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

/** The processor and the memory of this process as Linux reports them; "unknown" elsewhere. */
final class Machine {
  static final Machine THIS = new Machine(Path.of("/proc"));

  private static final String UNKNOWN = "unknown";

  /** Vector and matrix instruction sets of x86 and arm64. */
  private static final Pattern ARITHMETIC =
      Pattern.compile("fma|f16c|(avx|amx).*|asimd.*|sve.*|bf16|i8mm");

  private final Path proc;

  /** Creates the machine that a {@code /proc} folder describes. */
  Machine(Path proc) {
    this.proc = proc;
  }

  /** Returns the processor's name. */
  String processor() {
    return field("cpuinfo", "model name").orElse(UNKNOWN);
  }

  /** Returns the instruction sets for arithmetic, as Linux spells them. */
  String instructionSets() {
    return Stream.of("flags", "Features")
        .flatMap(name -> field("cpuinfo", name).stream())
        .flatMap(flags -> Stream.of(flags.split("\\s+", -1)))
        .filter(flag -> ARITHMETIC.matcher(flag).matches())
        .collect(
            Collectors.collectingAndThen(
                Collectors.joining(" "), sets -> sets.isEmpty() ? UNKNOWN : sets));
  }

  /** Returns the resident memory of the process. */
  String memory() {
    return megabytes("VmRSS");
  }

  /** Returns the peak resident memory of the process. */
  String peakMemory() {
    return megabytes("VmHWM");
  }

  private String megabytes(String name) {
    return field("self/status", name)
        .map(text -> Long.parseLong(text.replace(" kB", "")))
        .map(kilobytes -> String.format(Locale.ROOT, "%,d MiB", kilobytes / 1024))
        .orElse(UNKNOWN);
  }

  /** Returns the value of the first line "name : value". */
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
