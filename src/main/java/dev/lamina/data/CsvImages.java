package dev.lamina.data;

import com.google.common.base.Ascii;
import dev.lamina.data.CsvLabels.Entry;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Finds the image files that a CSV file names. */
final class CsvImages {
  /**
   * The rows at the start whose images are looked for in several folders, so that a long list of
   * images that are not there is refused quickly.
   */
  private static final int MAX_LOCATED = 100;

  private CsvImages() {}

  /**
   * Whether a file is a CSV file with the columns of paths and labels, and does not only describe
   * the classes of the folders beside it.
   */
  static boolean areIn(Path csv) {
    return CsvLabels.isIn(csv) && !namesClasses(csv);
  }

  /** Whether paths or labels are names of folders with images, and no image is found. */
  private static boolean namesClasses(Path csv) {
    List<Entry> rows = CsvLabels.head(csv, MAX_LOCATED);
    Set<String> names =
        rows.stream()
            .flatMap(row -> Stream.of(row.path(), row.label()))
            .collect(Collectors.toSet());
    long classes =
        FolderWalk.folders(csv.resolveSibling("")).stream()
            .filter(folder -> names.contains(ClassName.of(folder)) && FolderWalk.hasImage(folder))
            .limit(2)
            .count();
    return classes == 2 && found(csv, rows).isEmpty();
  }

  /**
   * Returns where the images of a CSV file are: each where the first one is that is there. That is
   * beside the CSV file or in a folder named after it, and with backslashes as Windows separates
   * folders if there is no file of that name. A name without an extension gets that of the file
   * that there is. If no file has exactly the name, it is the one that {@link LooseNames} finds.
   */
  static Function<String, Path> locator(Path csv, List<Entry> entries) {
    return found(csv, entries).orElse(name -> resolve(csv, "", name));
  }

  private static Optional<Function<String, Path>> found(Path csv, List<Entry> entries) {
    LooseNames names = new LooseNames();
    Function<Path, Optional<Path>> loose = path -> names.find(path).filter(Files::isRegularFile);
    return found(csv, entries, CsvImages::exact, loose).or(() -> found(csv, entries, loose, loose));
  }

  private static Optional<Path> exact(Path path) {
    return Files.isRegularFile(path) ? Optional.of(path) : Optional.empty();
  }

  private static Optional<Function<String, Path>> found(
      Path csv,
      List<Entry> entries,
      Function<Path, Optional<Path>> find,
      Function<Path, Optional<Path>> loose) {
    String stem = FileKinds.stem(csv);
    for (Entry entry : entries.subList(0, Math.min(MAX_LOCATED, entries.size()))) {
      String path = entry.path();
      for (String separator : path.contains("\\") ? List.of("\\", "/") : List.of("\\")) {
        for (String folder : List.of("", stem, stem + "_images", "images", "train")) {
          if (file(csv, folder, path.replace("\\", separator), find).isPresent()) {
            return Optional.of(name -> locate(csv, folder, name.replace("\\", separator), loose));
          }
        }
      }
    }
    return Optional.empty();
  }

  private static Path locate(
      Path csv, String folder, String name, Function<Path, Optional<Path>> loose) {
    return file(csv, folder, name, CsvImages::exact)
        .or(() -> file(csv, folder, name, loose))
        .orElseGet(() -> resolve(csv, folder, name));
  }

  private static Optional<Path> file(
      Path csv, String folder, String name, Function<Path, Optional<Path>> find) {
    Path file = resolve(csv, folder, name);
    Stream<Path> files =
        FileKinds.isImage(name)
            ? Stream.of(file)
            : Stream.concat(
                FileKinds.imageExtensions().stream()
                    .flatMap(extension -> Stream.of(extension, Ascii.toUpperCase(extension)))
                    .map(extension -> resolve(csv, folder, name + "." + extension)),
                Stream.of(file));
    return files.map(find).flatMap(Optional::stream).findFirst();
  }

  private static Path resolve(Path csv, String folder, String name) {
    try {
      return csv.resolveSibling(folder).resolve(name);
    } catch (InvalidPathException e) {
      throw new LaminaException(
          csv + " names a file that cannot exist here: " + Messages.reason(e), e);
    }
  }
}
