package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.cli.RunConfig.Validation;
import dev.lamina.data.Preprocessing;
import dev.lamina.data.Resize;
import dev.lamina.graph.Precision;
import dev.lamina.io.LaminaException;
import dev.lamina.registry.Options;
import dev.lamina.train.RecipeOptions;
import dev.lamina.train.Recipes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
          Optional.of(
              Preprocessing.of(Resize.fit(24, 40).filter(Resize.Filter.BICUBIC).crop(0.875))
                  .upright(true)),
          Validation.SHARE,
          true,
          Options.none().with("name", "resnet-cifar").with("width", 1),
          RecipeOptions.write(
              Recipes.get(Recipes.PUBLISHED)
                  .validationSplit(0.1)
                  .precision(Optional.of(Precision.FLOAT32))
                  .freeze(List.of("conv1", "layer1.0"))),
          List.of("a", "b"),
          "cpu",
          Map.of("lamina", "0.1"));

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
        "\"a\", \"b\" | \"a\", null | option \"classNames\" must have a value that can be read, got null",
        "\"0.1\" | 1 | lamina of config.json must be a text, got 1",
        "\"SHARE\" | \"HALF\" | validation of config.json must be one of NONE, SHARE, PART, TEST, got \"HALF\"",
        "\"stream\" | \"streams\" | config.json lacks the option \"stream\"",
        "\"FIT\" | \"FILL\" | resize of config.json must be one of PAD, COVER, FIT, STRETCH, got \"FILL\"",
        "\"height\" : 24 | \"height\" : 0 | height must be positive, got 0",
        "\"upright\" | \"uprigt\" | config.json has no option \"uprigt\"; use the Lamina that wrote it, or remove the option; did you mean \"upright\"?",
        "\"device\" | \"devise\" : 1, \"device\" | config.json has no option \"devise\"; use the Lamina that wrote it, or remove the option; did you mean \"device\"?",
      })
  void damaged_isSaidWithTheFile(String from, String to, String message) throws IOException {
    damages(from, to);
    Path file = run.resolve("config.json");
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> RunConfig.read(run))
        .withMessage(file + " is damaged (" + message + "); train again or restore the file");
  }

  private void damages(String from, String to) throws IOException {
    Path file = run.resolve("config.json");
    String text = Files.readString(file, StandardCharsets.UTF_8);
    assertThat(text).contains(from);
    Files.writeString(file, text.replace(from, to));
  }

  /** A recipe is read where it is needed, so that a run can be evaluated without it. */
  @Test
  void damagedRecipe_isSaidWithTheFile() throws IOException {
    damages("\"pctStart\" : 0.3", "\"pctStart\" : 3");
    Path file = run.resolve("config.json");
    RunConfig config = RunConfig.read(run);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> config.readRecipe(run))
        .withMessage(
            file
                + " is damaged (schedule (OneCycle): pctStart must be in 0..1, got 3.0); train again"
                + " or restore the file");
  }

  /** As of a run of a program that has a loss of its own. */
  @Test
  void unregisteredClass_isNamedWithWhatToDo() throws IOException {
    damages("\"kind\" : \"CrossEntropy\"", "\"class\" : \"org.example.Focal\"");
    RunConfig config = RunConfig.read(run);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> config.readRecipe(run))
        .withMessage(
            run.resolve("config.json")
                + " cannot be resumed: loss is of class org.example.Focal, which was not registered, so"
                + " that its options were not written; resume from Java, or register it with"
                + " LossTypes.REGISTRY before training");
  }

  @Test
  void newerVersion_isNamedWithTheVersionThatReadsIt() throws IOException {
    damages("\"version\" : 2", "\"version\" : 3");
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> RunConfig.read(run))
        .withMessage(
            run.resolve("config.json")
                + " is of version 3, this Lamina reads up to 2; use the Lamina that wrote it (version"
                + " 0.1)");
  }

  /** A control character that a terminal would obey. */
  @Test
  void controlCharacters_stayOutOfMessages() throws IOException {
    Path file = run.resolve("config.json");
    Files.writeString(file, "{\"data\": x\u009b31m}");
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> RunConfig.read(run))
        .withMessage(
            file
                + " is damaged (Unrecognized token 'x?31m': was expecting (JSON String, Number, Array,"
                + " Object or token 'null', 'true' or 'false')); train again or restore the file");
  }
}
