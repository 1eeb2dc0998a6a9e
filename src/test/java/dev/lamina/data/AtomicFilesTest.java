package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
  @TempDir Path folder;

  @Test
  void write_replacesAndLeavesNothingBeside() throws IOException {
    Path file = folder.resolve("deep/file.txt");
    AtomicFiles.writeString(file, "one");
    AtomicFiles.writeString(file, "zwölf");
    assertThat(Files.readString(file)).isEqualTo("zwölf");
    try (Stream<Path> files = Files.list(file.resolveSibling(""))) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void write_thatFailsLeavesWhatStoodThere() throws IOException {
    // A folder that is not empty cannot be replaced by a file.
    Path inTheWay = Files.createDirectories(folder.resolve("taken/inner"));
    Path file = folder.resolve("taken");
    assertThatExceptionOfType(DataException.class)
        .isThrownBy(() -> AtomicFiles.writeString(file, "x"))
        .withMessageStartingWith(file + " could not be written (")
        .withMessageEndingWith("); free space or choose another folder");
    assertThat(inTheWay).isDirectory();
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }
}
