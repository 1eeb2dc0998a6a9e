package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.cli.RunConfig.Validation;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Preprocessing;
import dev.lamina.data.Resize;
import dev.lamina.io.LaminaException;
import dev.lamina.layer.Normalize;
import dev.lamina.registry.Options;
import dev.lamina.schedule.Constant;
import dev.lamina.schedule.OneCycle;
import dev.lamina.train.Ema;
import dev.lamina.train.Recipe;
import dev.lamina.train.Recipes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a file can configure, and what it says of mistakes. */
class ConfigFileTest {
  @TempDir private Path folder;

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  @Test
  void yaml_changesWhatItGives() throws IOException {
    ConfigFile file =
        ConfigFile.read(
            write(
                "train.yaml",
                """
                data: photos        # a folder
                validation: SHARE
                preprocessing: {height: 48, filter: BICUBIC}
                network: {name: resnet18, width: 16}
                recipe:
                  name: quick
                  epochs: 7
                  validationSplit: 0.2
                  schedule: {peak: 0.02}
                  callbacks:
                    - {kind: Ema, decay: 0.99}
                """));
    assertThat(file.data()).contains("photos");
    assertThat(file.validation()).contains(Validation.SHARE);
    assertThat(file.validationShare()).isEqualTo(0.2);
    assertThat(file.preprocessing())
        .contains(Preprocessing.of(Resize.cover(48).filter(Resize.Filter.BICUBIC)));
    assertThat(file.network().getInt("width")).isEqualTo(16);
    assertThat(file.recipeName()).isEqualTo("quick");
    Recipe quick = Recipes.get("quick");
    assertThat(file.change(quick))
        .isEqualTo(
            quick
                .epochs(7)
                .validationSplit(0.2)
                .schedule(OneCycle.of(0.02))
                .callbacks(List.of(Ema.of(0.99))));
  }

  /** A run that a callback has stopped is finished like any other; one line says so. */
  @Test
  void earlyStopping_endsTheRun() throws IOException {
    Path config =
        write(
            "stop.yaml",
            """
            recipe:
              epochs: 9
              schedule: {kind: Constant, rate: 1.0e-9}
              callbacks: [{kind: EarlyStopping, patience: 1}]
            """);
    Path run = folder.resolve("run");
    MainTest.Output output =
        MainTest.lamina(
            "train",
            "--config",
            config,
            "--data",
            MainTest.images(folder),
            "--validation",
            0.5,
            "--width",
            1,
            "--batch-size",
            64,
            "--run",
            run);
    assertThat(output.status()).as(output.err()).isZero();
    assertThat(output.out()).contains("test accuracy");
    assertThat(run.resolve("export/1/saved_model.pb")).exists();
    List<String> history = Files.readAllLines(RunConfig.history(run));
    assertThat(history).hasSizeBetween(3, 5);
    String line =
        "stopped early after epoch %s of 9: loss has not improved for 1 epochs; resume with more epochs to go on\n"
            .formatted(history.size() - 1);
    assertThat(output.err()).containsOnlyOnce(line);
  }

  /** The launcher does not start again what ends with this status, nor calls it a signal. */
  @Test
  void timeLimit_beforeTheFirstEpoch_isSaid() throws IOException {
    Path config = write("limit.yaml", "recipe: {callbacks: [{kind: TimeLimit, minutes: 0.00002}]}");
    Path data = MainTest.images(folder);
    Path run = folder.resolve("run");
    MainTest.Output output =
        MainTest.lamina("train", "--config", config, "--data", data, "--width", 1, "--run", run);
    assertThat(output.status()).isEqualTo(2);
    assertThat(output.out())
        .contains("\ncheckpoint after step ")
        .endsWith("\nresume     tools/lamina train --resume " + run + "\n");
    assertThat(output.err())
        .endsWith(
            "lamina: "
                + run
                + " has no epoch to evaluate: a callback, such as TimeLimit, stopped it before the first one"
                + " ended; set a longer limit in its config.json and resume\n");
  }

  /** Of another kind nothing is taken over: a constant rate has no peak. */
  @Test
  void anotherKind_replacesThePart() throws IOException {
    ConfigFile file =
        ConfigFile.read(
            write(
                "a.json", "{\"recipe\": {\"schedule\": {\"kind\": \"Constant\", \"rate\": 0.1}}}"));
    assertThat(file.change(Recipes.get("quick")).schedule()).isEqualTo(Constant.of(0.1));
    assertThat(file.recipeName()).isNull();
    assertThat(file.validationShare()).isNull();
  }

  @Test
  void names_mayStandAlone() throws IOException {
    ConfigFile file =
        ConfigFile.read(write("a.yml", "recipe: quick\nnetwork: resnet18\nvalidation: NONE"));
    assertThat(file.recipeName()).isEqualTo("quick");
    assertThat(file.network().getString("name")).isEqualTo("resnet18");
    assertThat(file.validationShare()).isZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "recipes: quick | FILE has no option \"recipes\"; did you mean \"recipe\"?",
        "validation: HALF | validation of FILE must be one of NONE, SHARE, PART, TEST, got \"HALF\"",
        "device: cpu | FILE has no option \"device\"; its options: data, network, preprocessing, recipe, stream, testCurve, validation, version",
        "'version: 2\nrecipes: quick' | FILE has no option \"recipes\"; use the Lamina that wrote it, or remove the option; did you mean \"recipe\"?",
        "'version: 3\ndevice: cpu\nenvironment: {lamina: x9}' | FILE is of version 3, this Lamina reads up to 2; use the Lamina that wrote it (version x9)",
        "stream: maybe | stream of FILE must be true or false, got \"maybe\"",
        "preprocessing: {height: 0} | height must be positive, got 0",
        "recipe: {epoch: 3} | FILE: recipe has no option \"epoch\"; did you mean \"epochs\"?",
        "recipe: {epochs: 0} | FILE: epochs must be positive, got 0",
        "recipe: {schedule: {peak: high}} | FILE: peak of schedule (OneCycle) must be a number, got \"high\"",
        "'network: {from: run, dropout: 0.5}' | network.dropout of FILE must not be given with network.from, which has a network already; remove it",
        "'network: {pretrained: w, from: run}' | network.pretrained of FILE must not be given with network.from, which has a network already; remove it",
        "'data: &a photos\nrecipe: *a' | FILE must not have aliases, got *a in line 2; write out its value",
        "'data: [' | FILE could not be read (while parsing a flow node in line 1, column 8); it must be YAML, or JSON if its name ends with .json",
        "'data: a\ndata: b' | FILE could not be read (Duplicate field 'data' in line 2, column 5); it must be YAML, or JSON if its name ends with .json",
        "data: | FILE could not be read (option \"data\" must have a value that can be read, got null); it must be YAML, or JSON if its name ends with .json",
      })
  void mistakes_areSaidWithTheFile(String text, String message) throws IOException {
    Path file = write("train.yaml", text);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> ConfigFile.read(file).change(Recipes.get("quick")))
        .withMessage(message.replace("FILE", file.toString()));
  }

  /** They come before those of the images, which differ with each of these. */
  @ParameterizedTest
  @ValueSource(strings = {"mean: [0.5, 0.25, 0.125]", "std: [0.5, 0.25, 0.125]"})
  void normalization_isThatOfTheFile(String text) throws IOException {
    NetworkOption option = new NetworkOption();
    option.take(ConfigFile.read(write("a.yaml", "network: {" + text + "}")).network());
    ImageSet images =
        ImageSet.of(8, 8, 3, new byte[2 * 8 * 8 * 3], new int[] {0, 1}, List.of("a", "b"));
    Options network = option.builder(images).options();
    Normalize other = NetworkOption.normalization(images);
    double[] given = {0.5, 0.25, 0.125};
    assertThat(network.getDoubles("mean").toArray())
        .isEqualTo(text.startsWith("mean") ? given : other.mean().toArray());
    assertThat(network.getDoubles("std").toArray())
        .isEqualTo(text.startsWith("std") ? given : other.std().toArray());
  }

  @ParameterizedTest
  @CsvSource({"two.yaml, 'data: a\n---\ndata: b\n', 3", "two.json, '{} {}', 1"})
  void secondDocument_isRefused(String name, String text, int line) throws IOException {
    Path file = write(name, text);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> ConfigFile.read(file))
        .withMessage(file + " must be one document, got another in line " + line + "; remove it");
  }
}
