package dev.lamina.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessorTest {
  @TempDir private Path folder;

  private boolean on(String flags) throws IOException {
    return new Processor(
            Files.writeString(
                folder.resolve("cpuinfo"),
                "processor\t: 0\nmodel name\t: avx512_bf16 in a name counts for nothing\n" + flags))
        .multipliesBfloat16();
  }

  @Test
  void multipliesBfloat16_followsTheFlags() throws IOException {
    assertThat(on("flags\t\t: fpu avx2 avx512f avx512_bf16\n")).isTrue();
    assertThat(on("flags\t\t: fpu amx_bf16 amx_tile\n")).isTrue();
    assertThat(on("flags\t\t: fpu avx2 avx512f avx512_bf160\n")).isFalse();
    assertThat(on("")).isFalse();
  }

  @Test
  void multipliesBfloat16_isFalseIfNothingIsKnown() {
    assertThat(new Processor(folder.resolve("missing")).multipliesBfloat16()).isFalse();
  }
}
