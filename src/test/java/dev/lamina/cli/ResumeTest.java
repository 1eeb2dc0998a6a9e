package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.primitives.Floats;
import dev.lamina.cli.MainTest.Output;
import dev.lamina.format.Safetensors;
import dev.lamina.io.FolderLock;
import dev.lamina.schedule.OneCycle;
import dev.lamina.train.Checkpoints;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Going on with a run from the command line. What signals do is in the tests of processes. */
class ResumeTest {
  @TempDir Path folder;

  private Path train() throws IOException {
    Path run = folder.resolve("run");
    Output train =
        MainTest.lamina(
            "train",
            "--data",
            MainTest.images(folder),
            "--run",
            run,
            "--width",
            1,
            "--epochs",
            1,
            "--batch-size",
            30,
            "--precision",
            "float32");
    assertThat(train.status()).as(train.err()).isZero();
    return run;
  }

  private static List<String> history(Path run) throws IOException {
    return Files.readAllLines(run.resolve("history.csv"));
  }

  @Test
  void resume_ofAFinishedRun_andWithMoreEpochs() throws IOException {
    Path run = train();
    try (FolderLock lock = FolderLock.of(run)) {
      assertThat(lock).isNotNull();
      refuses(
          run + " is in use by this process; wait for it to end or choose another folder",
          "--resume",
          run);
    }
    List<String> before = history(run);
    Output again = MainTest.lamina("train", "--resume", run);
    assertThat(again.status()).as(again.err()).isZero();
    assertThat(again.out()).contains("test accuracy");
    assertThat(history(run)).isEqualTo(before);
    byte[] export = Files.readAllBytes(run.resolve("export/1/saved_model.pb"));

    Output longer =
        MainTest.lamina("train", "--resume", run, "--epochs", 2, "--learning-rate", 0.1);
    assertThat(longer.status()).as(longer.err()).isZero();
    assertThat(history(run)).hasSize(3).startsWith(before.toArray(String[]::new));
    assertThat(RunConfig.read(run).readRecipe(run).epochs()).isEqualTo(2);
    assertThat(RunConfig.read(run).readRecipe(run).schedule()).isEqualTo(OneCycle.of(0.1));
    assertThat(Checkpoints.newest(run).orElseThrow().step()).isEqualTo(4);
    assertThat(Files.readAllBytes(run.resolve("export/1/saved_model.pb"))).isNotEqualTo(export);

    refuses(
        "--batch-size must not be given with --resume: a run continues as it began; only --epochs, --learning-rate, --accumulate,"
            + " --data, --cache, --mirror, --stream, --device, --quiet may be; see 'lamina train --help'",
        "--resume",
        run,
        "--batch-size",
        30);
    // Whoever edits the file is found out all the same, and the file is not touched.
    Path config = run.resolve("config.json");
    String edited = Files.readString(config).replace("\"batchSize\" : 30", "\"batchSize\" : 20");
    Files.writeString(config, edited);
    refuses(
        "batchSize must be 30 as in the checkpoint, got 20; resume as the run began, or start another",
        "--resume",
        run);
    assertThat(config).hasContent(edited);
  }

  @Test
  void divergence_keepsTheLastGoodWeights_andSaysHowToGoOn() throws IOException {
    Path run = train();
    Path weights = run.resolve("weights.safetensors");
    Map<String, List<Float>> good = weights(run);
    Output diverged =
        MainTest.lamina("train", "--resume", run, "--epochs", 3, "--learning-rate", 1e30);
    assertThat(diverged.status()).isEqualTo(2);
    // Two steps were taken before; the next one ruins the weights, and is not updated any more.
    assertThat(diverged.err().lines().reduce((first, second) -> second).orElseThrow())
        .matches(
            "lamina: training diverged at step [23] \\(learning rate \\S+\\): the loss, a gradient or a weight is not"
                + " finite\\. The model was reset to the weights of the checkpoint it was resumed from\\. Try a lower"
                + " learning rate, a warm-up or clipNorm");
    assertThat(diverged.out())
        .endsWith(
            """
            kept       %s
            checkpoint after step 2
            resume     tools/lamina train --resume %s --learning-rate RATE
            """
                .formatted(weights, run));
    assertThat(weights(run)).isEqualTo(good);
    assertThat(history(run)).hasSize(2);

    Output resumed = MainTest.lamina("train", "--resume", run, "--learning-rate", 0.001);
    assertThat(resumed.status()).as(resumed.err()).isZero();
    assertThat(history(run)).hasSize(4);
    assertThat(RunConfig.read(run).readRecipe(run).schedule()).isEqualTo(OneCycle.of(0.001));
  }

  private static Map<String, List<Float>> weights(Path run) {
    Map<String, List<Float>> weights = new HashMap<>();
    Safetensors.read(run.resolve("weights.safetensors"))
        .tensors()
        .forEach((name, tensor) -> weights.put(name, Floats.asList(tensor.floats())));
    return weights;
  }

  @Test
  void divergence_beforeTheFirstCheckpoint() throws IOException {
    Path run = folder.resolve("run");
    Path data = MainTest.images(folder);
    Output diverged =
        MainTest.lamina(
            "train",
            "--data",
            data,
            "--run",
            run,
            "--width",
            1,
            "--batch-size",
            30,
            "--learning-rate",
            1e30);
    assertThat(diverged.status()).isEqualTo(2);
    assertThat(diverged.err()).contains("The model was reset to its weights before training");
    assertThat(diverged.out()).endsWith("kept       " + run.resolve("weights.safetensors") + "\n");
  }

  @Test
  void folderThatIsNoRun() {
    refuses(
        "nowhere is not a run: it has no config.json; name the folder that 'lamina train' printed",
        "--resume",
        "nowhere");
    assertThat(Path.of("nowhere")).doesNotExist();
  }

  private static void refuses(String message, Object... options) {
    Object[] words = new Object[options.length + 1];
    words[0] = "train";
    System.arraycopy(options, 0, words, 1, options.length);
    Output output = MainTest.lamina(words);
    assertThat(output.err()).isEqualTo("lamina: " + message + "\n");
    assertThat(output.status()).isEqualTo(2);
  }
}
