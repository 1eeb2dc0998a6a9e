package dev.lamina;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Code that documents show, cut from files that run: what stands between region and endregion. */
final class Snippets {
  private Snippets() {}

  /** The text of a file. */
  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The files of a folder whose names end so, sorted. */
  static Stream<Path> files(Path folder, String end) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(end)).sorted().toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A region of a source file, without the indentation that all its lines share. */
  static String region(Path file, String name) {
    String code =
        read(file)
            .lines()
            .dropWhile(line -> !line.strip().matches("(//|#) region " + name))
            .skip(1)
            .takeWhile(line -> !line.strip().matches("(//|#) endregion"))
            .collect(Collectors.joining("\n"))
            // A blank last line would count as one without indentation.
            .stripTrailing()
            .stripIndent();
    assertThat(code).as("region %s of %s", name, file).isNotBlank();
    return code;
  }
}
