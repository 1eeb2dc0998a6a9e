package dev.lamina.cuda;

import com.google.common.collect.Comparators;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where CUDA's libraries are on a Linux machine: the folders of {@code LD_LIBRARY_PATH}, {@code
 * /usr/local/cuda} and its versions, those of the Python packages {@code nvidia-*-cu12} in the
 * active environment or the user's, and the system's own, in this order.
 *
 * @param environment the environment variables
 * @param root the root of the file system
 */
public record CudaSearch(Map<String, String> environment, Path root) {
  private static final List<String> SYSTEM =
      List.of("usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/lib", "lib64");

  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

  private static final Comparator<Iterable<Integer>> NUMBERS =
      Comparators.lexicographical(Comparator.<Integer>naturalOrder());

  /** Copies the environment. */
  public CudaSearch {
    environment = Map.copyOf(environment);
  }

  /** Returns the search on this machine. */
  public static CudaSearch create() {
    return new CudaSearch(System.getenv(), Path.of("/"));
  }

  /** Returns the file of a library; empty if it is in none of the folders. */
  public Optional<Path> find(CudaLibrary library) {
    return folders().stream()
        .map(folder -> folder.resolve(library.file()))
        .filter(Files::isRegularFile)
        .findFirst();
  }

  /** Returns the folders that exist, in the order in which they are searched. */
  List<Path> folders() {
    List<Path> folders = new ArrayList<>();
    for (String folder : environment.getOrDefault("LD_LIBRARY_PATH", "").split(":", -1)) {
      if (!folder.isEmpty()) {
        folders.add(Path.of(folder));
      }
    }
    Path local = root.resolve("usr/local");
    Stream.concat(Stream.of(local.resolve("cuda")), matching(local, "cuda-12*").stream())
        .flatMap(cuda -> Stream.of(cuda.resolve("lib64"), cuda.resolve("targets/x86_64-linux/lib")))
        .forEach(folders::add);
    for (String environment : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
      python(environment, "lib").forEach(folders::add);
    }
    python("HOME", ".local/lib").forEach(folders::add);
    SYSTEM.forEach(folder -> folders.add(root.resolve(folder)));
    return folders.stream().filter(Files::isDirectory).distinct().toList();
  }

  /** Returns the folders of the libraries that Python packages contain. */
  private Stream<Path> python(String variable, String folder) {
    String home = environment.get(variable);
    return home == null
        ? Stream.of()
        : matching(Path.of(home, folder), "python3*").stream()
            .flatMap(python -> matching(python.resolve("site-packages/nvidia"), "*").stream())
            .map(library -> library.resolve("lib"));
  }

  /** Returns what a folder contains under names that match a glob, the newest version first. */
  private static List<Path> matching(Path folder, String glob) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, glob)) {
      entries.forEach(found::add);
    } catch (IOException e) {
      throw new UncheckedIOException(folder + " cannot be listed", e);
    }
    found.sort(
        Comparator.comparing(CudaSearch::numbers, NUMBERS)
            .thenComparing(Comparator.naturalOrder())
            .reversed());
    return found;
  }

  /** Returns the numbers in the name of a file. */
  private static List<Integer> numbers(Path file) {
    return NUMBER
        .matcher(file.getFileName().toString())
        .results()
        .map(found -> Integer.valueOf(found.group()))
        .toList();
  }
}
