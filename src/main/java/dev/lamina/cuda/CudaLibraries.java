package dev.lamina.cuda;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.bytedeco.javacpp.Loader;
import org.jspecify.annotations.Nullable;

/**
 * Loads CUDA's libraries for TensorFlow. TensorFlow opens them by name, which finds those that are
 * loaded already, wherever they came from: the jar of the profile {@code gpu-cuda}, or a folder of
 * {@link CudaSearch} that the system's loader does not know.
 */
public final class CudaLibraries {
  /**
   * What became of a library.
   *
   * @param library the library
   * @param file its file; null if there is none
   * @param problem why it could not be loaded; null if it was
   */
  public record Attempt(CudaLibrary library, @Nullable Path file, @Nullable String problem) {
    /** Returns whether the library was loaded. */
    public boolean loaded() {
      return file != null && problem == null;
    }
  }

  private static final String TENSORFLOW =
      "org/tensorflow/internal/c_api/linux-x86_64-gpu/libjnitensorflow.so";

  private static final String JAR = "org/bytedeco/cuda/linux-x86_64/";

  private static @Nullable List<Attempt> loaded;

  private CudaLibraries() {}

  /** Returns whether the TensorFlow on the class path is the one for GPUs. */
  public static boolean wanted() {
    return resource(TENSORFLOW).isPresent();
  }

  /**
   * Loads the libraries once a process, if the TensorFlow on the class path is the one for GPUs.
   * Call before TensorFlow looks for a GPU. A library that is missing is no error here: without it
   * TensorFlow finds no GPU.
   */
  public static synchronized List<Attempt> load() {
    if (loaded == null) {
      loaded = wanted() ? load(CudaSearch.create(), System::load) : List.of();
    }
    return loaded;
  }

  /** Returns what was loaded or, with the TensorFlow for processors, what could be. */
  public static List<Attempt> found(CudaSearch search) {
    return wanted() ? load() : load(search, file -> {});
  }

  /**
   * Loads every library that is found.
   *
   * @param loader loads a file, by its absolute path
   */
  static List<Attempt> load(CudaSearch search, Consumer<String> loader) {
    List<Attempt> attempts = new ArrayList<>();
    for (CudaLibrary library : CudaLibrary.values()) {
      Path file = null;
      String problem = null;
      try {
        file = unpacked(library).or(() -> search.find(library)).orElse(null);
        if (file != null) {
          loader.accept(file.toAbsolutePath().toString());
        }
      } catch (IOException | UnsatisfiedLinkError e) {
        problem = String.valueOf(e.getMessage());
      }
      attempts.add(new Attempt(library, file, problem));
    }
    return attempts;
  }

  /** Returns the file that the jar's copy of a library was unpacked to; empty without the jar. */
  private static Optional<Path> unpacked(CudaLibrary library) throws IOException {
    Optional<URL> packed = resource(JAR + library.file());
    return packed.isEmpty()
        ? Optional.empty()
        : Optional.ofNullable(Loader.cacheResource(packed.get())).map(File::toPath);
  }

  private static Optional<URL> resource(String name) {
    return Optional.ofNullable(CudaLibraries.class.getClassLoader().getResource(name));
  }
}
