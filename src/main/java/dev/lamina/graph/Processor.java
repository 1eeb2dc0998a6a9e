package dev.lamina.graph;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The processor as Linux describes it; nothing is known of it elsewhere. */
record Processor(Path cpuinfo) {
  static final Processor THIS = new Processor(Path.of("/proc/cpuinfo"));

  /** Instruction sets that multiply bfloat16, as the Linux kernel spells them. */
  private static final List<String> BFLOAT16 = List.of("avx512_bf16", "amx_bf16");

  /** Returns whether the processor has instructions that multiply bfloat16. */
  boolean multipliesBfloat16() {
    try (Stream<String> lines = Files.lines(cpuinfo)) {
      return lines
          .filter(line -> line.startsWith("flags"))
          .flatMap(line -> Stream.of(line.split("\\s+", -1)))
          .anyMatch(BFLOAT16::contains);
    } catch (IOException e) {
      return false;
    }
  }
}
