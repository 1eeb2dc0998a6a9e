package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.data.DataException;
import dev.lamina.graph.Precision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The configuration of a run, read from a file that nobody vouches for. */
class RunConfigTest {
  static final RunConfig VALID =
      new RunConfig(
          "cifar10",
          false,
          "ResNetCifar of width 1",
          new RunConfig.Recipe(
              5,
              64,
              0.01,
              true,
              0.9,
              false,
              5e-4,
              0,
              true,
              Precision.FLOAT32,
              List.of("conv1", "layer1.0"),
              1),
          List.of("a", "b"),
          Map.of("java", "17"));

  @TempDir private Path run;

  @BeforeEach
  void write() {
    VALID.write(run);
  }

  @Test
  void valid_isReadBack() {
    assertThat(RunConfig.read(run)).isEqualTo(VALID);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"a\", \"b\" | \"a\", null | Invalid `null` value encountered for property \"classNames\"",
        "\"17\" | null | Invalid `null` value encountered for property \"environment\"",
        "\"layer1.0\" | null | Invalid `null` value encountered for property \"freeze\"",
      })
  void damaged_isSaidWithTheFile(String from, String to, String message) throws IOException {
    Path file = run.resolve("config.json");
    String text = Files.readString(file, StandardCharsets.UTF_8);
    assertThat(text).contains(from);
    Files.writeString(file, text.replace(from, to));
    assertThatExceptionOfType(DataException.class)
        .isThrownBy(() -> RunConfig.read(run))
        .withMessage(file + " is damaged (" + message + "); train again or restore the file");
  }

  /** A control character that a terminal would obey. */
  @Test
  void controlCharacters_stayOutOfMessages() throws IOException {
    Path file = run.resolve("config.json");
    Files.writeString(file, "{\"data\": x\u009b31m}");
    assertThatExceptionOfType(DataException.class)
        .isThrownBy(() -> RunConfig.read(run))
        .withMessage(
            file
                + " is damaged (Unrecognized token 'x?31m': was expecting (JSON String, Number, Array,"
                + " Object or token 'null', 'true' or 'false')); train again or restore the file");
  }
}
