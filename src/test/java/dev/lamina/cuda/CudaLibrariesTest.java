package dev.lamina.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.cuda.CudaLibraries.Attempt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class CudaLibrariesTest {
  @TempDir Path folder;

  private CudaSearch search() {
    return new CudaSearch(
        Map.of("LD_LIBRARY_PATH", folder.toString()), folder.resolve("no-such-root"));
  }

  @Test
  void load_inOrder_missingIsNoError() throws IOException {
    for (CudaLibrary library : List.of(CudaLibrary.CUDNN, CudaLibrary.CUBLAS)) {
      Files.createFile(folder.resolve(library.file()));
    }
    List<String> loaded = new ArrayList<>();
    List<Attempt> attempts = CudaLibraries.load(search(), loaded::add);
    assertThat(loaded)
        .containsExactly(
            folder.resolve("libcublas.so.12").toString(),
            folder.resolve("libcudnn.so.9").toString());
    assertThat(attempts).hasSize(CudaLibrary.values().length);
    assertThat(attempts.stream().filter(Attempt::loaded).map(Attempt::library))
        .containsExactly(CudaLibrary.CUBLAS, CudaLibrary.CUDNN);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void load_damaged() throws IOException {
    Files.writeString(folder.resolve("libcudart.so.12"), "no library");
    Attempt attempt = CudaLibraries.load(search(), System::load).get(0);
    assertThat(attempt.loaded()).isFalse();
    assertThat(attempt.file()).isEqualTo(folder.resolve("libcudart.so.12"));
    assertThat(attempt.problem()).contains("libcudart.so.12: file too short");
  }
}
