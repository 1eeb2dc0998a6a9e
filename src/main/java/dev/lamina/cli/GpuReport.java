package dev.lamina.cli;

import static java.util.stream.Collectors.joining;

import dev.lamina.cuda.CudaLibraries.Attempt;
import dev.lamina.cuda.CudaLibrary;
import dev.lamina.cuda.CudaLibrary.Toolkit;
import dev.lamina.cuda.NvidiaDriver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Whether a graphics card can be used, and what to do if it cannot.
 *
 * @param architecture of the machine, as Java names it
 * @param forGpus whether the TensorFlow on the class path is the one for GPUs
 * @param driver the graphics driver; empty if there is none
 * @param libraries what was found of CUDA
 */
record GpuReport(
    String architecture, boolean forGpus, Optional<NvidiaDriver> driver, List<Attempt> libraries) {
  private static final String BUILD = "build Lamina with 'mvn -Pgpu-cuda -DskipTests package'";

  /** Returns what there is, a line each. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("driver            " + driver.map(NvidiaDriver::version).orElse("none of NVIDIA"));
    driver.stream()
        .flatMap(found -> found.cards().stream())
        .map(
            card ->
                "graphics card     %s, compute capability %s, %s"
                    .formatted(card.name(), card.computeCapability(), card.memory()))
        .forEach(lines::add);
    if (isSupported()
        && (forGpus || driver.isPresent() || libraries.stream().anyMatch(this::isFound))) {
      libraries.forEach(library -> lines.add(describe(library)));
    }
    return lines;
  }

  private boolean isSupported() {
    return architecture.equals("amd64");
  }

  private boolean isFound(Attempt attempt) {
    return attempt.file() != null;
  }

  private static String describe(Attempt attempt) {
    Path file = attempt.file();
    return "  %-39s %s%s"
        .formatted(
            attempt.library().file(),
            file == null ? "not found" : file + version(file),
            attempt.problem() == null ? "" : ": " + attempt.problem());
  }

  /** Returns the version of a library, which is in the name of the file that is linked to. */
  private static String version(Path file) {
    try {
      String[] parts = file.toRealPath().toString().split("\\.so\\.", 2);
      boolean known = parts.length == 2 && !file.toString().endsWith(".so." + parts[1]);
      return known ? " (" + parts[1] + ")" : "";
    } catch (IOException e) {
      // The problem of the attempt says more.
      return "";
    }
  }

  /** Returns what to do about what is missing. */
  List<String> advice() {
    List<String> advice = new ArrayList<>();
    if (!isSupported()) {
      if (forGpus || driver.isPresent()) {
        advice.add(
            "TensorFlow Java uses graphics cards on x86-64 only, got %s: the processor is used"
                .formatted(architecture));
      }
      return advice;
    }
    if (driver.isEmpty()) {
      if (forGpus) {
        advice.add(
            "this TensorFlow is for GPUs, but there is no driver: install NVIDIA's, %s or newer (for WSL, in Windows)"
                .formatted(NvidiaDriver.OLDEST));
      }
      return advice;
    }
    NvidiaDriver found = driver.get();
    if (found.isTooOld()) {
      advice.add(
          "the driver must be %s or newer for CUDA 12, got %s: update it"
              .formatted(NvidiaDriver.OLDEST, found.version()));
    }
    found.cards().stream()
        .filter(NvidiaDriver.Card::isTooNew)
        .map(
            card ->
                "TensorFlow 2.18 has no code for %s, its compute capability %s is 10 or more: use another card,"
                        .formatted(card.name(), card.computeCapability())
                    + " or the processor")
        .forEach(advice::add);
    if (!forGpus) {
      advice.add("this TensorFlow is for processors: " + BUILD + " to use the graphics card");
    }
    for (Toolkit toolkit : Toolkit.values()) {
      missing(toolkit).ifPresent(advice::add);
    }
    return advice;
  }

  private Optional<String> missing(Toolkit toolkit) {
    List<CudaLibrary> missing =
        libraries.stream()
            .filter(attempt -> !attempt.loaded())
            .map(Attempt::library)
            .filter(library -> library.toolkit() == toolkit)
            .toList();
    if (missing.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        "%s is not complete, without %s: install it and set LD_LIBRARY_PATH to its folder, or %s, which brings it"
            .formatted(
                toolkit == Toolkit.CUDA ? "CUDA 12" : "cuDNN 9",
                missing.stream().map(CudaLibrary::file).collect(joining(", ")),
                BUILD));
  }
}
