package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.data.DataException;
import dev.lamina.graph.Precision;
import dev.lamina.model.Model;
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
          new RunConfig.NetworkConfig(
              "resnet", 1, 8, 9, 3, List.of(0.5, 0.25, 0.0), List.of(1.0, 0.2, 3.0)),
          new RunConfig.Recipe(5, 64, 0.01, true, 0.9, false, 5e-4, 0, true, Precision.FLOAT32, 1),
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
        "0.25 | null | Invalid `null` value encountered for property \"mean\"",
        "\"width\" : 1 | \"width\" : -3 | width must be positive, got -3",
        "\"height\" : 8 | \"height\" : 7 | imageSize must be at least 8 x 8, got 7 x 9",
        "\"a\", \"b\" | \"a\" | classes must be at least 2, got 1"
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

  /** 9 million channels would take memory that no weights were ever stored for. */
  @Test
  void networkBeyondItsWeights_isRefusedBeforeItIsBuilt() throws IOException {
    try (Model model = VALID.build()) {
      model.saveWeights(RunConfig.weights(run));
    }
    RunConfig.load(run).close();
    Path file = run.resolve("config.json");
    Files.writeString(file, Files.readString(file).replace("\"width\" : 1", "\"width\" : 9000000"));
    long held = Files.size(RunConfig.weights(run));
    assertThatExceptionOfType(DataException.class)
        .isThrownBy(() -> RunConfig.load(run))
        .withMessageMatching(
            java.util.regex.Pattern.quote(file.toString())
                + " needs weights of at least \\d{17,} bytes, "
                + java.util.regex.Pattern.quote(RunConfig.weights(run) + " has " + held)
                + "; restore the file that is of another run");
  }
}
