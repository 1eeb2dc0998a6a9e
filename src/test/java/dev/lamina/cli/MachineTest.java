package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineTest {
  @TempDir Path proc;

  @Test
  void linux() throws IOException {
    Files.writeString(
        proc.resolve("cpuinfo"),
        """
        processor\t: 0
        model name\t: Some CPU: 2 GHz
        flags\t\t: fpu avx2 fma sse avx512_bf16 avx_vnni

        processor\t: 1
        model name\t: Another
        flags\t\t: avx
        """);
    Files.createDirectory(proc.resolve("self"));
    Files.writeString(
        proc.resolve("self/status"),
        "Name:\tjava\nVmPeak:\t 9000000 kB\nVmHWM:\t 2097152 kB\nVmRSS:\t   10240 kB\n");
    Machine machine = new Machine(proc);
    assertThat(machine.processor()).isEqualTo("Some CPU: 2 GHz");
    assertThat(machine.instructionSets()).isEqualTo("avx2 fma avx512_bf16 avx_vnni");
    assertThat(machine.memory()).isEqualTo("10 MiB");
    assertThat(machine.peakMemory()).isEqualTo("2,048 MiB");
  }

  @Test
  void arm_hasFeaturesAndNoName() throws IOException {
    Files.writeString(proc.resolve("cpuinfo"), "processor\t: 0\nFeatures\t: fp asimd bf16\n");
    assertThat(new Machine(proc).processor()).isEqualTo("unknown");
    assertThat(new Machine(proc).instructionSets()).isEqualTo("asimd bf16");
  }

  @Test
  void elsewhere_unknown() {
    Machine machine = new Machine(proc.resolve("missing"));
    assertThat(machine.processor()).isEqualTo("unknown");
    assertThat(machine.instructionSets()).isEqualTo("unknown");
    assertThat(machine.memory()).isEqualTo("unknown");
    assertThat(machine.peakMemory()).isEqualTo("unknown");
  }
}
