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
      throw missing(part, missing);
    }
  }

  /**
   * Checks that a library without classes is there.
   *
   * @param part the part, for the message
   * @param library the coordinates of the library
   * @param present whether one of its files was found
   * @throws LaminaException if it is missing
   */
  public static void require(String part, String library, boolean present) {
    if (!present) {
      throw missing(part, library);
    }
  }

  private static LaminaException missing(String part, String libraries) {
    return new LaminaException(
        part + " needs libraries that are optional; add to the dependencies: " + libraries);
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
