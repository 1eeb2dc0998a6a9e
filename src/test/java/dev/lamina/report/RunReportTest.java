package dev.lamina.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Evaluations;
import dev.lamina.step.Metrics;
import dev.lamina.train.Epoch;
import dev.lamina.train.History;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunReportTest {
  private static final String EVIL = "<script>alert('x')</script>&\"{{body}}";

  private static final History HISTORY =
      new History(
          List.of(
              new Epoch(1, 2, Metrics.of(40, 1.5, 0.25), Optional.empty(), 0.01, 0.95, 2),
              new Epoch(
                  2,
                  4,
                  Metrics.of(40, 0.5, 0.75),
                  Optional.of(Metrics.of(8, 0.6, 0.5)),
                  4e-8,
                  0.85,
                  4)));

  @TempDir private Path folder;

  private Map<String, List<Double>> history() {
    HistoryCsv.write(HISTORY, folder.resolve("history.csv"));
    return HistoryCsv.read(folder.resolve("history.csv"));
  }

  private static JsonNode charts(String page) throws IOException {
    Matcher data =
        Pattern.compile(
                "<script type=\"application/json\" id=\"data\">(.*?)</script>", Pattern.DOTALL)
            .matcher(page);
    assertThat(data.find()).isTrue();
    return new ObjectMapper().readTree(data.group(1));
  }

  /** All scripts, images and tables of the page are its own, and text stays text. */
  private static void assertSafe(String page) {
    assertThat(page).doesNotContain("<script>alert").contains("&lt;script&gt;alert(&#39;x&#39;)");
    assertThat(page)
        .contains("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';");
    String[] scripts = page.split("<script", -1);
    assertThat(scripts).as("data, uPlot, own").hasSize(1 + 3);
    assertThat(page).doesNotContainPattern("(src|href|action)=\"(?!data:)");
    assertThat(page).doesNotContainPattern("url\\(|@import|fetch\\(|XMLHttpRequest|WebSocket");
    // uPlot's licence names its home; nothing else names an address.
    assertThat(page.replace("https://github.com/leeoniya/uPlot", ""))
        .doesNotContainPattern("https?://");
  }

  /** The first epoch has no validation. */
  @Test
  void epoch_isTheOneWhoseNumbersStandAbove() throws IOException {
    Path file = folder.resolve("first.html");
    RunReport.of("run", history()).epoch(1).write(file);
    assertThat(file)
        .content()
        .contains("<dt>training loss</dt><dd>1.5000</dd>", "<dt>epoch</dt><dd>1/2</dd>")
        .doesNotContain("<dt>validation accuracy</dt>");
  }

  @Test
  void write_holdsEverything() throws IOException {
    Evaluation test =
        Evaluations.ofPredictions(
            List.of(EVIL, "كلب"), new int[] {0, 0, 0, 1}, new int[] {0, 0, 1, 1});
    ImageIO.write(
        new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB),
        "png",
        folder.resolve("samples.png").toFile());
    Path file = folder.resolve("report.html");
    RunReport.of(EVIL, history())
        .imagesPerEpoch(40)
        .evaluation(test)
        .pictures(folder)
        .configuration(Map.of(EVIL, EVIL))
        .environment(Map.of("java", EVIL))
        .summary("layer " + EVIL)
        .write(file);
    String page = Files.readString(file);
    assertSafe(page);
    for (String heading :
        List.of(
            "Curves", "Classes", "Augmented images", "Configuration", "Network", "Environment")) {
      assertThat(page).contains("<h2>" + heading + "</h2>");
    }
    assertThat(page).doesNotContain("<h2>Mistakes</h2>").contains("src=\"data:image/png;base64,");
    assertThat(page)
        .contains("<dt>test accuracy</dt><dd>0.7500</dd>", "<dt>time</dt><dd>0:00:06</dd>")
        .contains("<dt>training loss</dt><dd>0.5000</dd>", "<dt>epoch</dt><dd>2/2</dd>")
        .contains("<bdi>كلب</bdi></th><td>1</td><td>0.5000</td><td>1.0000</td><td>0.6667</td>");
    JsonNode charts = charts(page);
    assertThat(charts.findValuesAsText("title"))
        .containsExactly(
            "Loss",
            "Accuracy",
            "Learning rate",
            "Momentum",
            "Images per second, with the validation");
    assertThat(charts.get(0).get("names").toString()).isEqualTo("[\"training\",\"validation\"]");
    assertThat(charts.get(0).get("data").toString()).isEqualTo("[[1,2],[1.5,0.5],[null,0.6]]");
    assertThat(charts.get(4).get("data").toString()).isEqualTo("[[1,2],[20.0,10.0]]");
  }

  /**
   * Steps of 4, 4 and 2 images: the mean losses of the first two epochs so far are those of losses
   * 3, 1 and 0.5, and 2 and 0.
   */
  @Test
  void steps_haveTheLossSinceTheOneBefore() throws IOException {
    Path log =
        Files.writeString(
            folder.resolve("log.jsonl"),
            """
            {"event":"start","steps":0,"epochs":2,"images":10}
            {"event":"step","steps":1,"epoch":1,"learning_rate":0.1,"images":4,"loss":3}
            {"event":"step","steps":2,"epoch":1,"learning_rate":0.2,"images":8,"loss":2}
            {"event":"step","steps":3,"epoch":1,"learning_rate":0.3,"images":10,"loss":1.7}
            {"event":"epoch","steps":3,"epoch":1,"learning_rate":0.3,"loss":1.7}
            {"event":"step","steps":4,"epoch":2,"learning_rate":0.2,"images":4,"loss":2}
            {"event":"step","steps":5,"epoch":2,"learning_rate":0.1,"images":8,"loss":1}
            {"event":"st""");
    Path file = folder.resolve("report.html");
    RunReport.of("run", history()).steps(log).write(file);
    JsonNode charts = charts(Files.readString(file));
    assertThat(charts.findValuesAsText("title"))
        .endsWith("Momentum", "Loss by step", "Learning rate by step");
    assertThat(charts.findValuesAsText("x"))
        .containsExactly("epoch", "epoch", "epoch", "epoch", "step", "step");
    assertThat(charts.get(4).get("data").toString())
        .isEqualTo("[[1,2,3,4,5],[3.0,1.0,0.5,2.0,0.0]]");
    assertThat(charts.get(5).get("data").get(1).toString()).isEqualTo("[0.1,0.2,0.3,0.2,0.1]");
    RunReport.of("run", history()).steps(folder.resolve("missing")).write(file);
    assertThat(charts(Files.readString(file))).hasSize(4);
  }

  @Test
  void comparison_putsRunsOfAnyLengthIntoOneChart() throws IOException {
    Map<String, List<Double>> other =
        Map.of("epoch", List.of(1.0, 2.0, 3.0), "loss", List.of(3.0, Double.NaN, 1.0));
    Path file = folder.resolve("compare.html");
    new RunComparison(
            List.of(
                new RunComparison.Run(EVIL, Map.of("network", EVIL), history()),
                new RunComparison.Run("other", Map.of("network", "b"), other)))
        .write(file);
    String page = Files.readString(file);
    assertSafe(page);
    JsonNode charts = charts(page);
    assertThat(charts.get(0).get("title").textValue()).isEqualTo("Training loss");
    assertThat(charts.get(0).get("names").get(0).textValue()).isEqualTo(EVIL);
    assertThat(charts.get(0).get("data").toString())
        .isEqualTo("[[1,2,3],[1.5,0.5,null],[3.0,null,1.0]]");
    assertThat(page).contains("<th><bdi>other</bdi></th><td>b</td>");
  }

  @Test
  void historyCsv_readsWhatItWrote() {
    Map<String, List<Double>> columns = history();
    assertThat(columns.keySet())
        .containsExactly(
            "epoch",
            "steps",
            "loss",
            "accuracy",
            "val_loss",
            "val_accuracy",
            "learning_rate",
            "momentum",
            "seconds");
    assertThat(columns.get("val_accuracy")).containsExactly(Double.NaN, 0.5);
    assertThat(columns.get("learning_rate")).containsExactly(0.01, 4e-8);
  }

  @Test
  void historyCsv_ofDamage_isOneLine() throws IOException {
    Path file = Files.writeString(folder.resolve("bad.csv"), "epoch,loss\n1\n");
    org.assertj.core.api.Assertions.assertThatExceptionOfType(dev.lamina.io.LaminaException.class)
        .isThrownBy(() -> HistoryCsv.read(file))
        .withMessage(
            file + " is damaged (line 2 must have 2 numbers); restore it, or leave the run out");
  }
}
