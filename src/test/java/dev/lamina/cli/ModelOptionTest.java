package dev.lamina.cli;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.cli.MainTest.Output;
import dev.lamina.train.Checkpoints;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands on runs, exports and weights files. */
class ModelOptionTest {
  @TempDir private static Path folder;
  private static Path data = Path.of("");
  private static Path run = Path.of("");

  @BeforeAll
  static void train() throws IOException {
    data = MainTest.images(folder);
    run = folder.resolve("run");
    succeeds(
        "train",
        "--recipe",
        "published",
        "--data",
        data,
        "--run",
        run,
        "--width",
        1,
        "--epochs",
        2,
        "--seed",
        2);
  }

  private static Output succeeds(Object... words) {
    Output output = MainTest.lamina(words);
    assertThat(output.status()).as("%s: %s", List.of(words), output.err()).isZero();
    return output;
  }

  private static void fails(String message, Object... words) {
    Output output = MainTest.lamina(words);
    assertThat(output.err()).isEqualTo("lamina: " + message + "\n");
    assertThat(output.status()).isEqualTo(2);
  }

  /** The lines, without the name of the model and of the pictures that a run alone gets. */
  private static List<String> withoutNames(Output output) {
    List<String> lines = new ArrayList<>(output.out().lines().toList());
    lines.removeIf(line -> line.startsWith("model ") || line.startsWith("pictures "));
    return lines;
  }

  @Test
  void exports_andWeights_areTakenLikeTheirRun() {
    Path image = data.resolve("test/class1/0.png");
    Output predicted = succeeds("predict", "--run", run, image);
    Output evaluated = succeeds("evaluate", "--run", run);
    assertThat(evaluated.out())
        .startsWith(
            "model      " + run + "\nnetwork    resnet-cifar of width 1\nweights    of epoch ")
        .containsPattern(
            "of 2, the best by validation accuracy \\([01]\\.\\d{4}\\)\nimages     the 15 test")
        .contains("test images of " + data + "\n")
        .doesNotContain("unfinished");
    for (String other : List.of("export/1", "export", "weights.safetensors")) {
      Path path = run.resolve(other);
      assertThat(succeeds("predict", "--run", path, image)).isEqualTo(predicted);
      assertThat(withoutNames(succeeds("evaluate", "--run", path)))
          .isEqualTo(withoutNames(evaluated));
      assertThat(succeeds("summary", "--run", path).out()).contains("layer4");
    }
  }

  /** Of 60 images 6 are set aside, and 64 go into a step: a step is an epoch. */
  @Test
  void weightsOfARun_haveNames() throws IOException {
    Path image = data.resolve("test/class1/0.png");
    Path checkpoint = run.resolve("checkpoints/step-00000002.safetensors");
    for (String name : List.of("last", "2")) {
      Path source = ModelOption.source(folder.resolve("run@" + name));
      assertThat(source).isEqualTo(checkpoint).isEqualTo(ModelOption.source(checkpoint));
    }
    assertThat(ModelOption.source(folder.resolve("run@best")))
        .isEqualTo(run.resolve("weights.safetensors"));
    assertThat(succeeds("evaluate", "--run", run + "@1").out())
        .startsWith(
            "model      "
                + run
                + "@1\nnetwork    resnet-cifar of width 1\nweights    of the checkpoint after step 1\n"
                + "images     the 15 test images of "
                + data
                + "\n");
    Path export = folder.resolve("of step 1");
    succeeds("export", "--run", run + "@1", export);
    assertThat(export.resolve("assets.extra/lamina.json")).content().contains("\"batchSize\"");
    Output predicted = succeeds("predict", "--run", run + "@1", image);
    assertThat(succeeds("predict", "--run", export, image)).isEqualTo(predicted);
    assertThat(succeeds("predict", "--run", checkpoint, image)).isNotEqualTo(predicted);
  }

  /** Weights are exported before they are served; the port is looked at afterwards. */
  @Test
  void weightsOfARun_areServed() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Output output = MainTest.lamina("serve", run + "@1", "--port", taken.getLocalPort());
      assertThat(output.status()).isEqualTo(2);
      assertThat(output.err()).contains("lamina: host and port must be a free address");
    }
  }

  @Test
  void weightsThatCannotBeExported_areNotServed() {
    String own = System.getProperty("java.io.tmpdir");
    Path none = folder.resolve("none");
    System.setProperty("java.io.tmpdir", none.toString());
    try {
      Output output = MainTest.lamina("serve", run + "@1");
      assertThat(output.status()).isEqualTo(2);
      assertThat(output.err())
          .startsWith("lamina: " + none + " could not be written (")
          .endsWith("); name another folder: LAMINA_JAVA_OPTS=-Djava.io.tmpdir=FOLDER\n");
    } finally {
      System.setProperty("java.io.tmpdir", own);
    }
  }

  @Test
  void weightsThatARunHasNot_areRefused() throws IOException {
    String has = run + " has no %s; it has steps 1, 2, best, last";
    fails(has.formatted("checkpoint of step 40"), "predict", "--run", run + "@40", "x.png");
    fails(has.formatted("weights named \"lsat\""), "serve", run + "@lsat");
    Path begun = Files.createDirectory(folder.resolve("just begun"));
    Files.copy(run.resolve("config.json"), begun.resolve("config.json"));
    fails(
        begun + " has no weights named \"best\"; it has none yet",
        "evaluate",
        "--run",
        begun + "@best");
    Files.copy(run.resolve("weights.safetensors"), begun.resolve("weights.safetensors"));
    fails(
        begun + " has no weights named \"last\"; it has best",
        "evaluate",
        "--run",
        begun + "@last");
    Path config = begun.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace("SHARE", "NONE"));
    fails(
        begun + " has no weights named \"best\"; it has none yet",
        "evaluate",
        "--run",
        begun + "@best");
    fails(
        folder
            + "/nothing is not a run: it has no config.json; name the folder that 'lamina train' printed",
        "evaluate",
        "--run",
        folder + "/nothing@best");
  }

  @Test
  void whatHasNoModel_isRefused() throws IOException {
    fails(
        folder
            + " is not a run or an export: it has no config.json and no saved_model.pb; name the folder that 'lamina"
            + " train' printed",
        "evaluate",
        "--run",
        folder);
    Path begun = Files.createDirectory(folder.resolve("begun so"));
    Files.copy(run.resolve("config.json"), begun.resolve("config.json"));
    fails(
        begun
            + " has no weights yet: its first epoch was not completed; continue it with: tools/lamina train --resume '"
            + begun
            + "'",
        "predict",
        "--run",
        begun,
        "x.png");
    fails(
        begun
            + " has no export of its final weights: training was not completed; continue it with 'lamina train --resume', or export it"
            + " with 'lamina export' and serve that",
        "serve",
        begun);
  }

  @Test
  void exportWithoutMetadata_needsTheImagesNamed() throws IOException {
    Path bare = folder.resolve("bare");
    try (dev.lamina.model.Model model =
        dev.lamina.model.Model.load(run.resolve("weights.safetensors"))) {
      model.export(bare);
    }
    fails(
        bare + " does not say which images it was trained on; name images with --data",
        "evaluate",
        "--run",
        bare);
    assertThat(succeeds("evaluate", "--run", bare, "--data", data).out())
        .startsWith("model      " + bare + "\nimages     the 15 test images of " + data + "\n");
  }

  @Test
  void fineTunedRun_saysSo() {
    Path tuned = folder.resolve("tuned");
    succeeds("train", "--data", data, "--from", run, "--run", tuned, "--epochs", 1);
    assertThat(succeeds("evaluate", "--run", tuned).out())
        .contains("\nnetwork    fine-tuned from " + run + "\nweights    of epoch 1 of 1, ");
  }

  @Test
  void divergedRun_saysSo() {
    Path diverged = folder.resolve("diverged");
    Object[] words = {"train", "--data", data, "--run", diverged, "--width", 1};
    List<Object> all = new ArrayList<>(List.of(words));
    all.addAll(List.of("--learning-rate", "1e30", "--batch-size", 8));
    assertThat(MainTest.lamina(all.toArray()).status()).isEqualTo(2);
    assertThat(succeeds("evaluate", "--run", diverged).out())
        .contains("\nweights    of before the end of the first epoch: training diverged\n")
        .contains(
            "\nunfinished no checkpoint: these are not its final weights\nresume     tools/lamina train --resume "
                + diverged
                + "\n");
  }

  /** An interrupted run has a checkpoint, and weights that do not know the test's accuracy. */
  @Test
  void interruptedRun_saysSo() throws IOException {
    Path interrupted = folder.resolve("interrupted");
    try (Stream<Path> files = Files.walk(run)) {
      for (Path file : files.toList()) {
        Files.copy(file, interrupted.resolve(run.relativize(file).toString()));
      }
    }
    Files.copy(RunConfig.initial(run), RunConfig.weights(interrupted), REPLACE_EXISTING);
    assertThat(succeeds("evaluate", "--run", interrupted).out())
        .contains(
            "\nunfinished checkpoint after step 2: these are not its final weights\nresume     tools/lamina train"
                + " --resume "
                + interrupted
                + "\n");
    String warning =
        "lamina: %s is unfinished, checkpoint after step 2: these are not its final weights\n"
            .formatted(interrupted);
    Object image = data.resolve("test/class0/0.png");
    assertThat(succeeds("predict", "--run", interrupted, image).err()).isEqualTo(warning);
    Path file = folder.resolve("interrupted.safetensors");
    assertThat(succeeds("export", "--run", interrupted, file).err()).isEqualTo(warning);
    for (Path checkpoint : Checkpoints.files(interrupted).values()) {
      Files.writeString(checkpoint, "damaged"); // The weights are not.
    }
    assertThat(succeeds("predict", "--run", interrupted, image).err()).isEqualTo(warning);
    assertThat(succeeds("predict", "--run", run, image).err()).isEmpty();
    // Of another than its weights, as after the run was resumed.
    assertThat(RunConfig.export(interrupted).resolve("1")).isDirectory();
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      fails(
          interrupted
              + " has no export of its final weights: training was not completed; continue it with 'lamina train"
              + " --resume', or export it with 'lamina export' and serve that",
          "serve",
          interrupted,
          "--port",
          taken.getLocalPort());
    }
  }

  @Test
  void onnx_isKnownByItsEndingInCapitalsToo() {
    Path file = folder.resolve("MODEL.ONNX");
    assertThat(succeeds("export", "--run", run, file).out()).isEqualTo("ONNX " + file + "\n");
    assertThat(file).isRegularFile();
  }
}
