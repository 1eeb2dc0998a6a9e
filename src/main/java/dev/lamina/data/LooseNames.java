package dev.lamina.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Finds files whose names are written otherwise than in the file system: with accents that are
 * composed or not, which macOS and Linux do differently, or in upper or lower case. Each folder is
 * listed once.
 */
final class LooseNames {
  private final Map<Path, Optional<Path>> found = new HashMap<>();

  /** The entries of a folder by their composed names in lower case. */
  private final Map<Path, Map<String, List<Path>>> entries = new HashMap<>();

  /**
   * Returns the file or folder that a path means; empty if there is none, or there are several that
   * differ in case.
   */
  Optional<Path> find(Path path) {
    return folder(path.resolveSibling("")).flatMap(folder -> in(folder, composed(path)));
  }

  private Optional<Path> folder(Path path) {
    Optional<Path> known = found.get(path);
    if (known == null) {
      known = Files.isDirectory(path) ? Optional.of(path) : find(path).filter(Files::isDirectory);
      found.put(path, known);
    }
    return known;
  }

  private Optional<Path> in(Path folder, String name) {
    List<Path> alike =
        entries
            .computeIfAbsent(folder, LooseNames::entries)
            .getOrDefault(name.toLowerCase(Locale.ROOT), List.of());
    List<Path> same = alike.stream().filter(entry -> composed(entry).equals(name)).toList();
    List<Path> meant = same.isEmpty() ? alike : same;
    return meant.size() == 1 ? Optional.of(meant.get(0)) : Optional.empty();
  }

  private static Map<String, List<Path>> entries(Path folder) {
    return FolderWalk.entries(folder).stream()
        .collect(Collectors.groupingBy(entry -> composed(entry).toLowerCase(Locale.ROOT)));
  }

  private static String composed(Path path) {
    return Normalizer.normalize(FileKinds.name(path), Normalizer.Form.NFC);
  }
}
