package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.cuda.CudaLibraries.Attempt;
import dev.lamina.cuda.CudaLibrary;
import dev.lamina.cuda.CudaLibrary.Toolkit;
import dev.lamina.cuda.NvidiaDriver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GpuReportTest {
  private static final NvidiaDriver DRIVER =
      new NvidiaDriver(
          "535.129.03", List.of(new NvidiaDriver.Card("NVIDIA H200", "9.0", "143771 MiB")));

  private static List<Attempt> libraries(Predicate<CudaLibrary> found) {
    return Stream.of(CudaLibrary.values())
        .map(
            library ->
                new Attempt(
                    library, found.test(library) ? Path.of("/cuda", library.file()) : null, null))
        .toList();
  }

  private static List<String> advice(
      boolean forGpus, @Nullable NvidiaDriver driver, Predicate<CudaLibrary> found) {
    return new GpuReport("amd64", forGpus, Optional.ofNullable(driver), libraries(found)).advice();
  }

  @Test
  void complete() {
    assertThat(advice(true, DRIVER, library -> true)).isEmpty();
    assertThat(
            new GpuReport("amd64", true, Optional.of(DRIVER), libraries(library -> true)).lines())
        .hasSize(2 + CudaLibrary.values().length)
        .startsWith(
            "driver            535.129.03",
            "graphics card     NVIDIA H200, compute capability 9.0, 143771 MiB",
            "  libcudart.so.12                         /cuda/libcudart.so.12");
  }

  @Test
  void otherArchitecture() {
    assertThat(
            new GpuReport("aarch64", false, Optional.of(DRIVER), libraries(library -> false))
                .advice())
        .containsExactly(
            "TensorFlow Java uses graphics cards on x86-64 only, got aarch64: the processor is used");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void otherArchitecture_withoutADriver(boolean forGpus) {
    assertThat(
            new GpuReport("aarch64", forGpus, Optional.empty(), libraries(library -> false))
                .advice())
        .isEqualTo(
            forGpus
                ? List.of(
                    "TensorFlow Java uses graphics cards on x86-64 only, got aarch64: the processor is used")
                : List.of());
  }

  @Test
  void noCard() {
    GpuReport report = new GpuReport("amd64", false, Optional.empty(), libraries(library -> false));
    assertThat(report.lines()).containsExactly("driver            none of NVIDIA");
    assertThat(report.advice()).isEmpty();
  }

  @Test
  void noDriver() {
    assertThat(advice(true, null, library -> false))
        .containsExactly(
            "this TensorFlow is for GPUs, but there is no driver: install NVIDIA's, 525.60.13 or newer (for WSL, in Windows)");
  }

  @Test
  void driverTooOld() {
    assertThat(advice(true, new NvidiaDriver("470.57.02", List.of()), library -> true))
        .containsExactly(
            "the driver must be 525.60.13 or newer for CUDA 12, got 470.57.02: update it");
  }

  @Test
  void cardTooNew() {
    NvidiaDriver driver =
        new NvidiaDriver(
            "580.65.06", List.of(new NvidiaDriver.Card("NVIDIA B200", "10.0", "183359 MiB")));
    assertThat(advice(true, driver, library -> true))
        .containsExactly(
            "TensorFlow 2.18 has no code for NVIDIA B200, its compute capability 10.0 is 10 or more: use another"
                + " card, or the processor");
  }

  @Test
  void forProcessors() {
    assertThat(advice(false, DRIVER, library -> true))
        .containsExactly(
            "this TensorFlow is for processors: build Lamina with 'mvn -Pgpu-cuda -DskipTests package' to use the"
                + " graphics card");
  }

  @Test
  void withoutCudnn() {
    assertThat(advice(true, DRIVER, library -> library.toolkit() == Toolkit.CUDA))
        .containsExactly(
            "cuDNN 9 is not complete, without libcudnn_graph.so.9, libcudnn_ops.so.9, libcudnn_cnn.so.9,"
                + " libcudnn_adv.so.9, libcudnn_heuristic.so.9, libcudnn_engines_runtime_compiled.so.9,"
                + " libcudnn_engines_precompiled.so.9, libcudnn.so.9: install it and set LD_LIBRARY_PATH to its"
                + " folder, or build Lamina with 'mvn -Pgpu-cuda -DskipTests package', which brings it");
  }

  /** A link names the version; that of NVIDIA's jar and of pip has none. */
  @Test
  void version(@TempDir Path folder) throws IOException {
    Path real = Files.createFile(folder.resolve("libcufft.so.11.3.0.4"));
    Path link = Files.createSymbolicLink(folder.resolve("libcufft.so.11"), real.getFileName());
    GpuReport report =
        new GpuReport(
            "amd64",
            true,
            Optional.of(DRIVER),
            List.of(new Attempt(CudaLibrary.CUFFT, link, null)));
    assertThat(report.lines())
        .last()
        .isEqualTo("  libcufft.so.11                          " + link + " (11.3.0.4)");
  }

  @Test
  void damagedLibrary() {
    GpuReport report =
        new GpuReport(
            "amd64",
            true,
            Optional.of(DRIVER),
            List.of(new Attempt(CudaLibrary.CUFFT, Path.of("/cuda/libcufft.so.11"), "too short")));
    assertThat(report.lines())
        .last()
        .isEqualTo("  libcufft.so.11                          /cuda/libcufft.so.11: too short");
    assertThat(report.advice()).singleElement().asString().startsWith("CUDA 12 is not complete");
  }
}
