package dev.lamina.io;

import java.util.Map;
import java.util.stream.Collectors;

/**
 * Libraries that only some parts of Lamina need. They do not come with Lamina: an application that
 * uses such a part adds them, as {@code docs/dependency.md} lists.
 */
public final class OptionalLibraries {
  private OptionalLibraries() {}

  /**
   * Checks that the libraries of a part are there.
   *
   * @param part the part, for the message
   * @param libraries the coordinates of each library, by the name of one of its classes
   * @throws LaminaException if a library is missing; names all that are
   */
  public static void require(String part, Map<String, String> libraries) {
    String missing =
        libraries.entrySet().stream()
            .filter(library -> !isPresent(library.getKey()))
            .map(Map.Entry::getValue)
            .sorted()
            .collect(Collectors.joining(", "));
    if (!missing.isEmpty()) {
      throw new LaminaException(
          part + " needs libraries that are optional; add to the dependencies: " + missing);
    }
  }

  /** Returns whether a class can be loaded. */
  public static boolean isPresent(String className) {
    try {
      Class.forName(className, false, OptionalLibraries.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }
}
