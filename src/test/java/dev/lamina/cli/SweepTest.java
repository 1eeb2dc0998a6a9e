package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.cli.MainTest.Output;
import dev.lamina.io.LaminaException;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.network.Network;
import dev.lamina.registry.Options;
import dev.lamina.train.Callback;
import dev.lamina.train.CallbackTypes;
import dev.lamina.train.RunHandle;
import dev.lamina.train.StepEvent;
import dev.lamina.zoo.Zoo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class SweepTest {
  /** Steps of all runs. */
  private static int steps;

  @TempDir private Path folder;

  /** Ends the process's work in the tenth step of all runs: the fourth step of the second run. */
  record Breaking() implements Callback {
    @Override
    public void onStep(StepEvent event, RunHandle run) {
      if (++steps == 10) {
        throw new AssertionError("broken");
      }
    }
  }

  @BeforeAll
  static void register() {
    CallbackTypes.REGISTRY.register(
        "Breaking", Breaking.class, x -> Options.none(), o -> new Breaking());
    Zoo.register(
        "sweep-test",
        options -> {
          // It does not normalise, so it has no options for that.
          List.of("classes", "imageHeight", "imageWidth", "imageChannels").forEach(options::has);
          return Network.input(32, 32, 3)
              .then(Conv2d.of(2, 3).stride(4), GlobalAveragePool.create(), Dense.of(3));
        });
  }

  private Path write(String text) throws IOException {
    return Files.writeString(folder.resolve("search.yaml"), text);
  }

  private Output sweep(Path file, String out) {
    return MainTest.lamina("sweep", file, "--out", folder.resolve(out));
  }

  private byte[] weights(String run) throws IOException {
    return Files.readAllBytes(folder.resolve(run).resolve("weights.safetensors"));
  }

  /** Of 60 images 54 are trained on, in three steps an epoch. */
  @Test
  void brokenSweep_keepsWhatIsFinished_andResumesTheRest() throws IOException {
    Path file =
        write(
            """
            base:
              data: %s
              network: sweep-test
              recipe: {epochs: 2, batchSize: 20, precision: FLOAT32, callbacks: [{kind: Breaking}]}
            values:
              recipe.schedule.peak: [0.01, 0.3]
            """
                .formatted(MainTest.images(folder)));
    Output broken = sweep(file, "a");
    assertThat(broken.status()).as(broken.err()).isEqualTo(1);
    assertThat(broken.err()).contains("broken");
    assertThat(broken.out())
        .contains("trial      2 of 2: recipe.schedule.peak=0.3\n", "lamina train --resume")
        .doesNotContain("--device")
        .endsWith("resume     tools/lamina sweep " + file + " --out " + folder.resolve("a") + "\n");
    byte[] first = weights("a/001");
    // After its first epoch, which had three steps.
    assertThat(folder.resolve("a/002/report.html"))
        .content()
        .contains("\"title\":\"Loss by step\",\"x\":\"step\",\"data\":[[1,2,3],[")
        .doesNotContain("<h2>Confusion matrix</h2>");

    Output resumed = sweep(file, "a");
    assertThat(resumed.status()).as(resumed.err()).isZero();
    // From the checkpoint after the third step of the second run.
    assertThat(steps).isEqualTo(10 + 3);
    assertThat(resumed.out()).doesNotContain("trial      1 of 2");
    assertThat(weights("a/001")).isEqualTo(first);

    Output whole =
        MainTest.lamina(
            "train", "--config", folder.resolve("a/002.json"), "--run", folder.resolve("b"));
    assertThat(whole.status()).as(whole.err()).isZero();
    assertThat(folder.resolve("a/002/report.html"))
        .content()
        .contains("\"data\":[[1,2,3,4,5,6],[", "<h2>Confusion matrix</h2>");
    assertThat(OptionRuns.trained(folder.resolve("a/002")))
        .isEqualTo(OptionRuns.trained(folder.resolve("b")));
    Path page = folder.resolve("a/compare.html");
    Path[] runs = {folder.resolve("a/001"), folder.resolve("a/002")};
    Output compared =
        OptionRuns.succeeds("compare", runs[0], runs[1], "--sort", "--out", folder.resolve("c"));
    assertThat(resumed.out())
        .endsWith(compared.out().replace(folder.resolve("c").toString(), page.toString()))
        .contains("\n  recipe.schedule.peak 0.01\n", "\n  recipe.schedule.peak 0.3\n");
    assertThat(page).hasSameTextualContentAs(folder.resolve("c"));
    assertThat(sweep(write("values: {recipe.epochs: [3]}"), "a").err())
        .isEqualTo(
            "lamina: %s must be of this sweep, is of another; name another folder with --out, or delete it\n"
                .formatted(folder.resolve("a/001.json")));
  }

  @Test
  void mistakeInTheFile_isNamed_andLeavesNothing() throws IOException {
    String text =
        """
        base: {data: %s, network: sweep-test, recipe: {%s: 1, batchSize: 20, precision: FLOAT32}}
        values: {recipe.schedule.peak: [0.01]}
        """;
    Path data = MainTest.images(folder);
    Path file = write(text.formatted(data, "epoch"));
    Output refused = sweep(file, "m");
    assertThat(refused.status()).isEqualTo(2);
    assertThat(refused.err())
        .startsWith("lamina: " + file + ": ")
        .contains("has no option \"epoch\"");
    assertThat(folder.resolve("m/001.json")).doesNotExist();

    sweep(write(text.formatted(data, "epochs")), "m");
    Output corrected = sweep(file, "m");
    assertThat(corrected.status()).as(corrected.err()).isZero();
    assertThat(corrected.out()).containsPattern("\nrun .*\n001 +1/1 |^run .*\n001 +1/1 ");
  }

  /** One run diverges, the other is finished. */
  @Test
  void failedTrials_areNamed_andTheOthersCompared() throws IOException {
    Path file =
        write(
            """
            base:
              data: %s
              network: sweep-test
              recipe: {epochs: 1, batchSize: 20, precision: FLOAT32}
            values:
              recipe.schedule: [{kind: Constant, rate: 1.0e+30}, {kind: Constant, rate: 0.01}]
            """
                .formatted(MainTest.images(folder)));
    Output output = sweep(file, "f");
    assertThat(output.status()).as(output.err()).isZero();
    assertThat(output.out())
        .contains("\nfailed     " + folder.resolve("f/001") + ": recipe.schedule={")
        .containsPattern("\nrun .*\n002 +1/1 ")
        .endsWith("\npage       " + folder.resolve("f/compare.html") + "\n");
  }

  /** Each has a row in the table of the options, or is described above it. */
  @Test
  void everyOptionOfTrain_isInTheDocs() throws IOException {
    String docs = Files.readString(Path.of("docs/configuration.md"));
    new CommandLine(new TrainCommand())
        .getCommandSpec().options().stream()
            .filter(option -> !option.usageHelp() && !option.versionHelp())
            .forEach(option -> assertThat(docs).contains("`" + option.longestName()));
  }

  @Test
  void grid_isEveryCombination_theLastKeyFastest() throws IOException {
    Sweep sweep =
        Sweep.read(
            write(
                """
                base: {recipe: quick}
                values: {recipe.batchSize: [32, 64], recipe.schedule.peak: [0.1, 0.2, 0.3]}
                """));
    assertThat(sweep.trials())
        .hasSize(6)
        .startsWith(
            Map.of("recipe.batchSize", 32L, "recipe.schedule.peak", 0.1),
            Map.of("recipe.batchSize", 32L, "recipe.schedule.peak", 0.2));
    Options recipe = sweep.config(sweep.trials().get(5)).getOptions("recipe");
    assertThat(recipe.getString("name")).isEqualTo("quick");
    assertThat(recipe.getInt("batchSize")).isEqualTo(64);
    assertThat(recipe.getOptions("schedule").getDouble("peak")).isEqualTo(0.3);
  }

  /** What is inside a recipe and a part of it comes after them. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "recipe: [{name: quick, batchSize: 64}], recipe.batchSize: [32], recipe.schedule.kind: [Constant], recipe.schedule.rate: [0.5]",
        "recipe.schedule.rate: [0.5], recipe.schedule.kind: [Constant], recipe.batchSize: [32], recipe: [{name: quick, batchSize: 64}]"
      })
  void orderOfTheKeys_doesNotMatter(String values) throws IOException {
    Sweep sweep =
        Sweep.read(
            write(
                "{base: {recipe: {schedule: {kind: OneCycle, peak: 0.1}}}, values: {%s}}"
                    .formatted(values)));
    Options recipe = sweep.config(sweep.trials().get(0)).getOptions("recipe");
    assertThat(recipe.getString("name")).isEqualTo("quick");
    assertThat(recipe.getInt("batchSize")).isEqualTo(32);
    assertThat(recipe.getOptions("schedule").values())
        .isEqualTo(Map.of("kind", "Constant", "rate", 0.5));
  }

  @Test
  void random_drawsDifferentOnes_bySeed() throws IOException {
    String text =
        "{search: random, trials: 5, seed: %d, values: {recipe.epochs: [1, 2, 3, 4], recipe.seed: [1, 2, 3]}}";
    List<Map<String, Object>> trials = Sweep.read(write(text.formatted(1))).trials();
    assertThat(trials).hasSize(5).doesNotHaveDuplicates();
    assertThat(Sweep.read(write(text.formatted(1))).trials()).isEqualTo(trials);
    assertThat(Sweep.read(write(text.formatted(2))).trials()).isNotEqualTo(trials);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{values: {recipe.epochs: 3}} | values of FILE must be lists by dotted key, got 3 for \"recipe.epochs\"",
        "{value: {}, values: {a: [1]}} | FILE has no option \"value\"; did you mean \"values\"?",
        "{search: best, values: {a: [1]}} | search of FILE must be grid or random, got best",
        "{search: random, trials: 0, values: {a: [1]}} | trials of FILE must be positive, got 0",
        "{trials: 5, values: {a: [1]}} | trials of FILE must be given with search: random, got search: grid; set that, or remove trials",
        "{search: grid, seed: 1, values: {a: [1]}} | seed of FILE must be given with search: random, got search: grid; set that, or remove seed",
        "{seed: 1} | FILE lacks the option \"values\"",
      })
  void mistakes_areSaidWithTheFile(String text, String message) throws IOException {
    Path file = write(text);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Sweep.read(file))
        .withMessage(message.replace("FILE", file.toString()));
  }
}
