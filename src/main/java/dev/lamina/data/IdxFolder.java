package dev.lamina.data;

import com.google.common.base.Splitter;
import dev.lamina.io.LaminaException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The IDX files of a folder, by the names under which they are published: {@code
 * train-images-idx3-ubyte} (MNIST), {@code train-images.idx3-ubyte} (Kaggle), {@code
 * emnist-balanced-train-images-idx3-ubyte} (EMNIST), plain or with {@code .gz}.
 *
 * @param prefix what the names of all files begin with
 */
record IdxFolder(Path folder, String prefix) implements Idx.Source {
  private static final Pattern IMAGES =
      Pattern.compile("(.*?)(train|t10k|test)-images[-.]idx3-ubyte(\\.gz)?");

  /** The number of classes if no label is larger. */
  private static final int DIGITS = 10;

  static boolean isIn(Path folder) {
    return Files.isDirectory(folder) && !prefixes(folder).isEmpty();
  }

  /**
   * Returns the files of a folder.
   *
   * @throws LaminaException if there are several data sets
   */
  static IdxFolder of(Path folder) {
    List<String> prefixes = prefixes(folder);
    if (prefixes.size() > 1) {
      throw new LaminaException(
          folder
              + " must have the IDX files of one data set, has those of "
              + String.join(", ", prefixes)
              + "; move each into a folder of its own");
    }
    return new IdxFolder(folder, prefixes.get(0));
  }

  private static List<String> prefixes(Path folder) {
    return FolderWalk.entries(folder).stream()
        .filter(Files::isRegularFile)
        .map(file -> IMAGES.matcher(file.getFileName().toString()))
        .filter(Matcher::matches)
        .map(name -> name.group(1))
        .distinct()
        .sorted()
        .toList();
  }

  @Override
  public InputStream open(String name) throws IOException {
    Path file = file(name);
    if (!has(name)) {
      throw new LaminaException(file + " is missing; copy or download the data set again");
    }
    return Files.newInputStream(file);
  }

  /** Whether there is a file of a name of MNIST. */
  boolean has(String name) {
    return Files.isRegularFile(file(name));
  }

  @Override
  public String describe(String name) {
    return file(name).toString();
  }

  /** Returns the file of a name of MNIST; the usual one if there is none. */
  private Path file(String name) {
    List<String> names = new ArrayList<>();
    for (String split : List.of(name, name.replace("t10k", "test"))) {
      names.add(prefix + split);
      names.add(prefix + split.replace("-idx", ".idx"));
    }
    return Stream.concat(names.stream(), names.stream().map(plain -> plain + ".gz"))
        .map(folder::resolve)
        .filter(Files::isRegularFile)
        .findFirst()
        .orElse(folder.resolve(prefix + name + ".gz"));
  }

  /** Returns the names of Fashion-MNIST, those in {@code mapping.txt}, or the numbers. */
  @Override
  public List<String> classNames(int maxLabel) {
    if (isFashion()) {
      return Embedded.CLASS_NAMES;
    }
    List<String> names =
        new ArrayList<>(
            IntStream.range(0, Math.max(DIGITS, maxLabel + 1))
                .mapToObj(Integer::toString)
                .toList());
    Optional<Path> mapping =
        Stream.of(prefix + "mapping.txt", "mapping.txt")
            .map(folder::resolve)
            .filter(Files::isRegularFile)
            .findFirst();
    mapping.ifPresent(file -> readNames(file, names));
    return names;
  }

  /**
   * MNIST and Fashion-MNIST have the same file names, so the name of the folder or of its parent
   * decides.
   */
  private boolean isFashion() {
    Path full = folder.toAbsolutePath().normalize();
    int names = full.getNameCount();
    return names > 0
        && full.subpath(Math.max(0, names - 2), names)
            .toString()
            .toLowerCase(Locale.ROOT)
            .contains("fashion");
  }

  /** Each line is a label and the codes of its characters, of which the first is the name. */
  private static void readNames(Path file, List<String> names) {
    try {
      for (String line : Files.readAllLines(file)) {
        List<String> numbers = Splitter.on(' ').omitEmptyStrings().splitToList(line.strip());
        if (!numbers.isEmpty() && Integer.parseInt(numbers.get(0)) < names.size()) {
          names.set(
              Integer.parseInt(numbers.get(0)),
              Character.toString(Integer.parseInt(numbers.get(1))));
        }
      }
    } catch (IOException | IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new LaminaException(
          file + " must have a label and character codes in each line; copy it again or remove it",
          e);
    }
  }
}
