package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.base.Splitter;
import dev.lamina.cli.MainTest.Output;
import dev.lamina.format.Safetensors;
import dev.lamina.format.WeightsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompareCommandTest {
  @TempDir private static Path scratch;
  private static Path one = Path.of("");
  private static Path two = Path.of("");

  @BeforeAll
  static void train() throws IOException {
    Path data = MainTest.images(scratch);
    one = train(data, "one", "--epochs", 1);
    two = train(data, "two", "--epochs", 2, "--learning-rate", 0.25);
  }

  private static Path train(Path data, String name, Object... options) {
    Path run = scratch.resolve(name);
    List<Object> words =
        new ArrayList<>(List.of("train", "--data", data, "--run", run, "--width", 1));
    words.addAll(List.of(options));
    OptionRuns.succeeds(words);
    return run;
  }

  /** What history.csv and weights hold is compared, whatever that is. */
  @Test
  void compare_saysWhatDiffers() throws IOException {
    Path page = scratch.resolve("compare.html");
    Output output = OptionRuns.succeeds("compare", one, two, "--out", page);
    int epoch = Integer.parseInt(metadata(two).get("epoch"));
    List<String> row =
        Splitter.on(',').splitToList(Files.readAllLines(two.resolve("history.csv")).get(epoch));
    assertThat(output.out())
        .startsWith("run                       epoch    loss val acc    test     time\n")
        .containsPattern(
            "\n%s +%s/2 +%s +%s +%s "
                .formatted(
                    two.getFileName(),
                    epoch,
                    Training.decimals(Double.parseDouble(row.get(2))),
                    metadata(two).get("validation_accuracy"),
                    metadata(two).get("test_accuracy")))
        .contains("\n  recipe.epochs 2\n", "\n  recipe.epochs 1\n")
        .contains("\n  recipe.schedule.peak 0.25\n")
        .endsWith("\npage       " + page + "\n");
    // The same in both.
    assertThat(output.out()).doesNotContain("batchSize").doesNotContain("seed");
    assertThat(page).content().contains("<bdi>" + two.getFileName() + "</bdi>");
  }

  @Test
  void json_holdsTheTestAccuracyOfTheWeights() throws IOException {
    Path page = scratch.resolve("json.html");
    Output output = OptionRuns.succeeds("compare", one, two, "--json", "--out", page);
    JsonNode runs = new ObjectMapper().readTree(output.out()).get("runs");
    String evaluated =
        OptionRuns.succeeds("evaluate", "--run", one)
            .out()
            .lines()
            .reduce((a, b) -> b)
            .orElseThrow();
    assertThat("test accuracy " + Training.decimals(runs.get(0).get("test_accuracy").doubleValue()))
        .isEqualTo(evaluated);
    assertThat(runs.get(1).get("epochs").intValue()).isEqualTo(2);
    assertThat(runs.get(1).get("epoch").asText()).isEqualTo(metadata(two).get("epoch"));
    assertThat(runs.get(1).get("differences").get("recipe.epochs").textValue()).isEqualTo("2");
  }

  /** By the kept epoch, the second of each here, not by the last one. */
  @Test
  void byAccuracy_isTheBestFirst() {
    Comparison.Run run = Comparison.Run.read(one);
    Comparison.Run worse = with(run, List.of(0.9, 0.2, 0.8), 0.9);
    Comparison.Run best = with(run, List.of(0.1, 0.8, 0.3), 0.1);
    Comparison.Run untested = with(run, List.of(), Double.NaN);
    assertThat(new Comparison(List.of(untested, worse, best)).byAccuracy().runs())
        .containsExactly(best, worse, untested);
    assertThat(new Comparison(List.of(best)).text(80).lines().skip(1).findFirst().orElseThrow())
        .matches("one +2/3 +- +0\\.8000 +0\\.1000 +0:00:00");
  }

  @Test
  void runWithoutWeightsYet_isItsLastEpoch() throws IOException {
    Path run = Files.createDirectory(scratch.resolve("goesOn"));
    for (String file : List.of("config.json", "history.csv")) {
      Files.copy(two.resolve(file), run.resolve(file));
    }
    List<String> rows = Files.readAllLines(two.resolve("history.csv"));
    double accuracy = Double.parseDouble(Splitter.on(',').splitToList(rows.get(2)).get(5));
    assertThat(Comparison.Run.read(run))
        .returns(2, Comparison.Run::epoch)
        .returns(accuracy, Comparison.Run::accuracy);
  }

  @Test
  void runWithLayersThatAreNotKnown_isCompared() throws IOException {
    Path run = Files.createDirectory(scratch.resolve("own-layers"));
    for (String file : List.of("config.json", "history.csv")) {
      Files.copy(one.resolve(file), run.resolve(file));
    }
    Safetensors weights = Safetensors.read(one.resolve("weights.safetensors"));
    Map<String, String> metadata = new HashMap<>(weights.metadata());
    metadata.replaceAll((key, value) -> value.replace("GlobalAveragePool", "OwnPool"));
    assertThat(metadata).isNotEqualTo(weights.metadata());
    new Safetensors(weights.tensors(), metadata).write(run.resolve("weights.safetensors"));
    Comparison.Run known = Comparison.Run.read(one);
    assertThat(Comparison.Run.read(run))
        .returns(known.epoch(), Comparison.Run::epoch)
        .returns(known.testAccuracy(), Comparison.Run::testAccuracy);
  }

  private static Comparison.Run with(Comparison.Run run, List<Double> validation, double test) {
    return new Comparison.Run(
        run.path(),
        run.config(),
        Map.of("epoch", List.of(1.0, 2.0, 3.0), "val_accuracy", validation),
        2,
        test);
  }

  private static Map<String, String> metadata(Path run) {
    return WeightsFile.read(run.resolve("weights.safetensors")).metadata();
  }

  @Test
  void text_at40Columns_keepsToThem() {
    String text = Comparison.of(List.of(one, two)).text(40);
    assertThat(
            text.lines()
                .filter(
                    line ->
                        line.endsWith(":00:00")
                            || line.contains("epoch  ")
                            || line.contains("recipe.")))
        .isNotEmpty()
        .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(40));
  }

  /** Of a folder with runs, all are compared; their names differ at the end only. */
  @Test
  void longNames_areWhole() throws IOException {
    String name = "resnet18-photographs-augmented-seed";
    Path folder = Files.createDirectories(scratch.resolve("long"));
    for (String seed : List.of("1", "2")) {
      Path run = Files.createDirectory(folder.resolve(name + seed));
      for (String file : List.of("config.json", "history.csv", "weights.safetensors")) {
        Files.copy(one.resolve(file), run.resolve(file));
      }
    }
    String all =
        OptionRuns.succeeds("compare", folder, "--out", scratch.resolve("long.html")).out();
    assertThat(all)
        .containsPattern("\n" + name + "1 +1/1 ")
        .containsPattern("\n" + name + "2 +1/1 ");
    List<Path> runs = RunFolders.in(folder);
    assertThat(Comparison.of(runs).text(77))
        .containsPattern("\n" + name + "1 +1/1 ")
        .containsPattern("\n" + name + "2 +1/1 ");
    assertThat(Comparison.of(runs).text(76))
        .containsPattern("\n" + name + "1\n +1/1 ")
        .containsPattern("\n" + name + "2\n +1/1 ");
  }

  /** The others are compared all the same. */
  @Test
  void damagedRun_isNamedAndLeftOut() throws IOException {
    Path run = Files.createDirectory(scratch.resolve("damaged"));
    Files.copy(one.resolve("config.json"), run.resolve("config.json"));
    Path history = Files.writeString(run.resolve("history.csv"), "epoch,steps,loss,accuracy,val_");
    Output output = OptionRuns.fails("compare", run, two, "--out", scratch.resolve("d.html"));
    assertThat(output.err())
        .isEqualTo(
            "lamina: %s is damaged (its last line is cut off); restore it, or leave the run out\n"
                .formatted(history));
    assertThat(output.out()).contains("\ntwo ").doesNotContain("damaged");
    assertThat(OptionRuns.fails("compare", run).out()).isEmpty();
  }

  @Test
  void compare_ofOneFolderTwice_isRefused() {
    for (Path again : List.of(one, one.resolve("../one"))) {
      assertThat(OptionRuns.fails("compare", one, again).err())
          .startsWith("lamina: runs must be different");
    }
  }

  @Test
  void train_leavesAReport() {
    assertThat(one.resolve("report.html"))
        .content()
        .contains(
            "<h2>Curves</h2>",
            "<h2>Confusion matrix</h2>",
            "<h2>Augmented images</h2>",
            "<h2>Environment</h2>");
  }
}
