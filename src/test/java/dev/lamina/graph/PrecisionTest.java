package dev.lamina.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrecisionTest {
  @TempDir private Path folder;

  private Precision on(String flags) throws IOException {
    return Precision.automatic(
        Files.writeString(
            folder.resolve("cpuinfo"),
            "processor\t: 0\nmodel name\t: avx512_bf16 in a name counts for nothing\n" + flags));
  }

  @Test
  void automatic_followsTheProcessorsFlags() throws IOException {
    assertThat(on("flags\t\t: fpu avx2 avx512f avx512_bf16\n")).isEqualTo(Precision.BFLOAT16);
    assertThat(on("flags\t\t: fpu amx_bf16 amx_tile\n")).isEqualTo(Precision.BFLOAT16);
    assertThat(on("flags\t\t: fpu avx2 avx512f avx512_bf160\n")).isEqualTo(Precision.FLOAT32);
    assertThat(on("")).isEqualTo(Precision.FLOAT32);
  }

  @Test
  void automatic_isFloat32WhereNothingIsKnown() {
    assertThat(Precision.automatic(folder.resolve("missing"))).isEqualTo(Precision.FLOAT32);
  }
}
