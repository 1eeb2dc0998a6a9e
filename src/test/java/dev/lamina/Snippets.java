package dev.lamina;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;

/** Code that documents show, cut from files that run: what stands between region and endregion. */
final class Snippets {
  private Snippets() {}

  /** A region of a Java or Python file, without the indentation that all its lines share. */
  static String region(Path file, String name) throws IOException {
    String code =
        Files.readAllLines(file).stream()
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
