package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.lamina.Fuzz;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class RunConfigFuzzTest {
  @Test
  void config() throws Exception {
    Path folder = Fuzz.folder();
    try {
      RunConfigTest.VALID.write(folder);
      Path file = folder.resolve("config.json");
      Fuzz.of(
              "config",
              List.of(Files.readAllBytes(file)),
              (input, kind) -> {
                Files.write(file, input);
                RunConfig config = RunConfig.read(folder);
                // What is accepted is written and read back as it is.
                config.write(folder);
                assertThat(RunConfig.read(folder)).isEqualTo(config);
                config.metadata();
                config.readRecipe(folder);
              })
          .file(file)
          .words(
              "-",
              "9",
              "99999999999999999999",
              "1e999999999",
              "null",
              "{",
              "}",
              "]",
              "[[[[",
              "\"",
              ",",
              "true",
              "NaN",
              "[]",
              "\\n",
              "\n",
              "\u0000",
              "\\u2028",
              "\"seed\":")
          .memory(1 << 19, 100)
          .run(3000);
    } finally {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }
}
