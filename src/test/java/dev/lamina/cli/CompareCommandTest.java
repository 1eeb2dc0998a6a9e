package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lamina.cli.MainTest.Output;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
    List<String> last = Files.readAllLines(two.resolve("history.csv"));
    String loss = last.get(2).split(",", -1)[2];
    assertThat(output.out())
        .startsWith("run                     epochs    loss val acc    test      time\n")
        .containsPattern(
            "\n" + two.getFileName() + " +2 +" + Training.decimals(Double.parseDouble(loss)))
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
    assertThat(runs.get(1).get("differences").get("recipe.epochs").textValue()).isEqualTo("2");
  }

  @Test
  void byAccuracy_isTheBestFirst() {
    Comparison.Run run = Comparison.Run.read(one);
    Comparison.Run worse = with(run, Map.of("val_accuracy", List.of(0.9, 0.2)), 0.9);
    Comparison.Run best = with(run, Map.of("val_accuracy", List.of(0.1, 0.8)), 0.1);
    Comparison.Run untested = with(run, Map.of(), Double.NaN);
    assertThat(new Comparison(List.of(untested, worse, best)).byAccuracy().runs())
        .containsExactly(best, worse, untested);
  }

  private static Comparison.Run with(
      Comparison.Run run, Map<String, List<Double>> history, double test) {
    return new Comparison.Run(run.path(), run.config(), history, test);
  }

  @Test
  void text_at40Columns_keepsToThem() {
    String text = Comparison.of(List.of(one, two)).text(40);
    assertThat(
            text.lines()
                .filter(
                    line ->
                        line.endsWith(":00:00")
                            || line.contains("epochs  ")
                            || line.contains("recipe.")))
        .isNotEmpty()
        .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(40));
  }

  @Test
  void compare_ofOneFolderTwice_isRefused() {
    assertThat(OptionRuns.fails("compare", one, one).err())
        .startsWith("lamina: runs must be different");
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
