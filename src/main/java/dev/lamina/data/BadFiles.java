package dev.lamina.data;

import dev.lamina.io.LaminaException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentSkipListMap;

/** Collects the images that several threads could not read, to report them in order. */
final class BadFiles {
  private record Failure(Path file, LaminaException reason) {}

  private final ConcurrentSkipListMap<Integer, Failure> failures = new ConcurrentSkipListMap<>();

  void add(int index, Path file, LaminaException reason) {
    failures.put(index, new Failure(file, reason));
  }

  boolean isEmpty() {
    return failures.isEmpty();
  }

  /**
   * Throws if there are any.
   *
   * @param images the number of images that were read
   * @throws LaminaException with the reason of the first, the number and the names of others
   */
  void check(int images) {
    if (failures.isEmpty()) {
      return;
    }
    LaminaException first = failures.firstEntry().getValue().reason();
    if (failures.size() == 1) {
      throw first;
    }
    List<Path> others = failures.values().stream().skip(1).map(Failure::file).toList();
    throw new LaminaException(
        String.format(
            Locale.ROOT,
            "%s; %d of %d images cannot be read, the others are %s",
            first.getMessage(),
            failures.size(),
            images,
            Skipped.names(others)),
        first);
  }
}
