package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import dev.lamina.cli.MainTest.Output;
import dev.lamina.data.ImageData;
import dev.lamina.model.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the command validates on, which weights it keeps, and when it looks at the test images. */
class ValidationTest {
  private static final String COLUMNS = "epoch,steps,loss,accuracy,val_loss,val_accuracy";

  @TempDir private Path folder;

  private Output train(Path data, Path run, Object... more) {
    Object[] words = {
      "train",
      "--data",
      data,
      "--run",
      run,
      "--width",
      1,
      "--batch-size",
      20,
      "--precision",
      "float32",
      "--learning-rate",
      0.05
    };
    Object[] all = new Object[words.length + more.length];
    System.arraycopy(words, 0, all, 0, words.length);
    System.arraycopy(more, 0, all, words.length, more.length);
    return MainTest.lamina(all);
  }

  private static Output succeeds(Output output) {
    assertThat(output.status()).as(output.err()).isZero();
    return output;
  }

  /** The rows of history.csv. */
  private static List<List<String>> history(Path run) throws IOException {
    return Files.readAllLines(run.resolve("history.csv")).stream()
        .map(line -> Splitter.on(',').splitToList(line))
        .toList();
  }

  private static Map<String, String> metadata(Path file) {
    try (Model model = Model.load(file)) {
      return model.metadata();
    }
  }

  private static String line(Output output, String start) {
    return output.out().lines().filter(line -> line.startsWith(start)).findFirst().orElseThrow();
  }

  /** The epoch with the highest val_accuracy, the first of several, is looked up in the file. */
  @Test
  void folderOfOnesOwn_setsATenthAside_andKeepsTheBest() throws IOException {
    Path run = folder.resolve("run");
    Output output = succeeds(train(MainTest.images(folder), run, "--epochs", 6));
    assertThat(line(output, "validation")).isEqualTo("validation 0.1 of the training images");
    List<List<String>> rows = history(run);
    assertThat(rows.get(0))
        .startsWith(Splitter.on(',').splitToList(COLUMNS).toArray(String[]::new));
    assertThat(rows.get(0)).doesNotContain("test_accuracy");
    int best =
        IntStream.rangeClosed(1, 6)
            .boxed()
            .max(
                Comparator.comparingDouble((Integer i) -> Double.parseDouble(rows.get(i).get(5)))
                    .thenComparing(Comparator.reverseOrder()))
            .orElseThrow();
    assertThat(line(output, "weights"))
        .contains(", of epoch " + best + ", the best of 6 by validation accuracy (");
    String accuracy = line(output, "test accuracy");
    for (Path file : List.of(run.resolve("weights.safetensors"), run.resolve("export/1"))) {
      assertThat(metadata(file))
          .containsEntry("epoch", Integer.toString(best))
          .containsEntry("epoch_chosen_by", "validation accuracy")
          .containsEntry("test_accuracy", accuracy.substring("test accuracy ".length()));
    }
    // The weights are those that were tested.
    assertThat(succeeds(MainTest.lamina("evaluate", "--run", run)).out()).endsWith(accuracy + "\n");
  }

  @Test
  void folderWithOneImageOfEachClass_isTrainedOnWhole() throws IOException {
    Path data = MainTest.images(folder);
    for (int label = 0; label < 3; label++) {
      try (var files = Files.list(data.resolve("train/class" + label))) {
        for (Path file : files.filter(file -> !file.endsWith("0.png")).toList()) {
          Files.delete(file);
        }
      }
    }
    Output output = succeeds(train(data, folder.resolve("run"), "--epochs", 1));
    assertThat(line(output, "validation"))
        .isEqualTo("validation none: the weights of the last epoch are kept");
  }

  /** Makes a validation part of one image of each class. */
  private static void moveToValidation(Path data) throws IOException {
    for (int label = 0; label < 3; label++) {
      Path part = Files.createDirectories(data.resolve("val/class" + label));
      Files.move(data.resolve("train/class" + label + "/0.png"), part.resolve("0.png"));
    }
  }

  @Test
  void validationPart_isUsed_andNotTrainedOn() throws IOException {
    Path data = MainTest.images(folder);
    moveToValidation(data);
    Path run = folder.resolve("run");
    // Sets no share aside, which is what a file of a run says too.
    Path config = Files.writeString(folder.resolve("a.yaml"), "recipe: {validationSplit: 0}");
    Output output = succeeds(train(data, run, "--epochs", 1, "--config", config));
    assertThat(line(output, "data"))
        .contains(": 57 training, 3 validation and 15 test images, 32 x 32 x 3, 3 classes");
    assertThat(line(output, "validation")).isEqualTo("validation 3 images");
    // 57 images in steps of 20.
    assertThat(history(run).get(1)).startsWith("1", "3");
    assertThat(history(run).get(1).get(5)).matches("0\\.0|0\\.3{5}.*|0\\.6{5}.*|1\\.0");

    Output refused = train(data, folder.resolve("other"), "--validation", 0.2);
    assertThat(refused.status()).isEqualTo(2);
    assertThat(refused.err())
        .isEqualTo(
            "lamina: --validation must be 0 for images that have a validation part, got 0.2; see"
                + " 'lamina train --help'\n");
  }

  /** Where there is no validation part there can be a share, and the other way round. */
  @Test
  void validationOfAFile_thatCannotBe_isRefused() throws IOException {
    Path data = MainTest.images(folder);
    Path config = Files.writeString(folder.resolve("a.yaml"), "validation: PART");
    refused(
        train(data, folder.resolve("a"), "--config", config),
        "validation of %s must be SHARE or NONE for images without a validation part, got PART"
            .formatted(config));
    moveToValidation(data);
    // As a run on images without that part says.
    for (String share :
        List.of("validation: SHARE", "{validation: SHARE, recipe: {validationSplit: 0.1}}")) {
      Files.writeString(config, share);
      refused(
          train(data, folder.resolve("a"), "--config", config),
          "validation of %s must be PART or NONE for images with a validation part, got SHARE"
              .formatted(config));
    }
    Files.writeString(config, "recipe: {validationSplit: 0.1}");
    refused(
        train(data, folder.resolve("a"), "--config", config),
        "validationSplit of %s must be 0 for images that have a validation part, got 0.1; see 'lamina train --help'"
            .formatted(config));
    Files.writeString(config, "recipe: {callbacks: [{kind: EarlyStopping, patience: 2}]}");
    refused(
        train(data, folder.resolve("a"), "--config", config, "--validation", 0),
        "callbacks of %s must have no EarlyStopping without validation images; set validation: PART and leave --validation out, or remove it"
            .formatted(config));
  }

  /** That of a recipe by name is left out, as one line says; that of a file was asked for. */
  @Test
  void callbacksOfTheValidation_withoutIt_areSaidOrRefused() throws IOException {
    Path data = MainTest.images(folder);
    Object[] words = {"--recipe", "scratch-small", "--validation", 0, "--epochs", 1};
    assertThat(succeeds(train(data, folder.resolve("run"), words)).out())
        .contains("\nleft out   EarlyStopping(loss), without validation images\n");
    for (String callback :
        List.of("EarlyStopping, patience: 2", "ReduceOnPlateau, factor: 0.5, patience: 2")) {
      for (String none :
          List.of("{validation: NONE, recipe: {", "{recipe: {validationSplit: 0, ")) {
        Path config =
            Files.writeString(
                folder.resolve("a.yaml"), none + "callbacks: [{kind: " + callback + "}]}}");
        refused(
            train(data, folder.resolve("a"), "--config", config),
            "callbacks of %s must have no %s without validation images; give --validation 0.1, or remove it"
                .formatted(config, callback.substring(0, callback.indexOf(','))));
      }
    }
  }

  private static void refused(Output output, String message) {
    assertThat(output.status()).isEqualTo(2);
    assertThat(output.err()).endsWith("lamina: " + message + "\n");
  }

  @Test
  void noValidation_keepsTheLastEpoch() throws IOException {
    Path run = folder.resolve("run");
    Output output = succeeds(train(MainTest.images(folder), run, "--epochs", 2, "--validation", 0));
    assertThat(line(output, "validation"))
        .isEqualTo("validation none: the weights of the last epoch are kept");
    assertThat(line(output, "weights")).endsWith(", of the last epoch");
    assertThat(history(run).get(2).subList(4, 6)).containsExactly("", "");
    assertThat(metadata(run.resolve("weights.safetensors")))
        .containsEntry("epoch", "2")
        .containsEntry("epoch_chosen_by", "being the last")
        .doesNotContainKey("validation_accuracy");
    assertThat(line(OptionRuns.succeeds("evaluate", "--run", run), "weights"))
        .endsWith("of epoch 2 of 2, the last");
    for (String plot : List.of("accuracy", "loss", "learning_rate", "samples")) {
      assertThat(run.resolve("plots/" + plot + ".png")).isNotEmptyFile();
    }
  }

  @Test
  void testCurve_isInTheHistory_alsoAfterAResume() throws IOException {
    Path run = folder.resolve("run");
    Output output =
        succeeds(
            train(MainTest.images(folder), run, "--epochs", 2, "--validation", 0, "--test-curve"));
    List<List<String>> before = history(run);
    assertThat(before.get(0).subList(6, 8)).containsExactly("test_loss", "test_accuracy");
    String accuracy = line(output, "test accuracy");
    assertThat(Double.parseDouble(before.get(2).get(7)))
        .isCloseTo(
            Double.parseDouble(accuracy.substring("test accuracy ".length())),
            org.assertj.core.api.Assertions.within(5e-5));
    succeeds(MainTest.lamina("train", "--resume", run, "--epochs", 3));
    assertThat(history(run)).hasSize(4).startsWith(before.get(0), before.get(1), before.get(2));
  }

  /** If worker 0 did alone, the others would wait for it in their next step. */
  @Test
  void testCurve_isEvaluatedByEveryWorker() throws IOException {
    Path run = folder.resolve("run");
    succeeds(train(MainTest.images(folder), run, "--epochs", 1, "--test-curve"));
    RunConfig config = RunConfig.read(run);
    try (Model model = Model.load(run.resolve("weights.safetensors"))) {
      RunArtifacts artifacts =
          new RunArtifacts(config, config.readRecipe(run), run, model, ImageData.embedded());
      assertThat(artifacts.onEveryWorker()).isTrue();
    }
  }
}
