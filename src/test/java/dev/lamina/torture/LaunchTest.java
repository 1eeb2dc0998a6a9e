package dev.lamina.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.cli.Main;
import dev.lamina.cli.MainTest;
import dev.lamina.io.HeldPort;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The command {@code launch}, with workers that end too soon. */
@Timeout(value = 60, unit = TimeUnit.MINUTES)
class LaunchTest {
  @TempDir private Path folder;

  @Test
  void workersThatEndTooSoon_areNamed_andAllContinueFromTheCheckpoint() throws Exception {
    // Of the callbacks of a recipe, one that stops must not be taken for the signal, or the signal
    // for it.
    Path config = folder.resolve("config.yaml");
    Files.writeString(config, "recipe: {callbacks: [{kind: EarlyStopping, patience: 50}]}");
    Path out = folder.resolve("out.txt");
    Path run = folder.resolve("run");
    Process launcher =
        JavaProcess.of(
                Main.class,
                "launch",
                "--workers",
                2,
                "train",
                "--data",
                TrainCommandProcess.images(folder),
                "--config",
                config,
                "--width",
                1,
                "--batch-size",
                45,
                "--epochs",
                10,
                "--image-scales",
                "0.5,1",
                "--run",
                run)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile())
            .start();
    // The checkpoint of the first epoch is there, or on its way.
    await(launcher, out, "\\[0] epoch 2/10 ");
    last(launcher).destroyForcibly();
    await(launcher, out, "(?s)starting all workers again in 1 s \\(1 of 3\\).*\\[0] epoch ");
    last(launcher).destroy();
    assertThat(launcher.waitFor()).as(Files.readString(out)).isZero();
    assertThat(out)
        .content()
        .containsPattern("lamina: worker [01] failed first, with status 137 \\(signal 9\\)")
        .containsPattern("lamina: worker [01] failed first, with status 143 \\(signal 15\\)")
        .contains("lamina: starting all workers again in 2 s (2 of 3)")
        // Of TensorFlow's native code: that the server of a worker listens.
        .doesNotContain("[1] epoch", "[1] recipe", "grpc_server_lib")
        .doesNotContainPattern("(?s)starting all workers again.*\\[0] epoch 1/10 ");
    assertThat(run.resolve("history.csv")).content().hasLineCount(11);
    assertThat(run.resolve("export/1/saved_model.pb")).exists();
  }

  /** As a launcher or Kubernetes starts it again: the run is there. */
  @Test
  void onlyWorker_continuesTheRun() throws Exception {
    Path data = TrainCommandProcess.images(folder);
    Path run = folder.resolve("run");
    assertThat(MainTest.lamina(words(data, run, 1)).status()).isZero();
    ProcessBuilder worker = JavaProcess.of(Main.class, words(data, run, 2));
    worker.environment().put("WORLD_SIZE", "1");
    assertThat(JavaProcess.run(worker)).contains("epoch 2/2 ").doesNotContain("epoch 1/2 ");
    assertThat(run.resolve("history.csv")).content().hasLineCount(3);
  }

  private static Object[] words(Path data, Path run, int epochs) {
    return new Object[] {
      "train", "--data", data, "--run", run, "--width", 1, "--batch-size", 45, "--epochs", epochs
    };
  }

  @Test
  void coordinatorThatDoesNotAnswer_isNamed_untilRestartsAreUsedUp() throws Exception {
    try (HeldPort held = new HeldPort()) {
      String coordinator = "127.0.0.1:" + held.number();
      Object[] words = {
        "launch",
        "--workers",
        1,
        "--nodes",
        2,
        "--node-rank",
        1,
        "--coordinator",
        coordinator,
        "--timeout",
        1,
        "--max-restarts",
        0,
        "train",
        "--run",
        folder.resolve("run")
      };
      Process launcher =
          JavaProcess.of(Main.class, words)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .start();
      String said = new String(launcher.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(launcher.waitFor()).isEqualTo(75);
      assertThat(said)
          .contains(
              "[1] lamina: worker 0 at " + coordinator + " did not answer worker 1 within 1 s (",
              "lamina: worker 1 failed first, with status 75\n",
              "lamina: restarts are used up (--max-restarts 0); start again to continue the run\n");
    }
  }

  /** Returns the worker that was started last. */
  private static ProcessHandle last(Process launcher) {
    return launcher
        .children()
        .filter(ProcessHandle::isAlive)
        .max(Comparator.comparingLong(ProcessHandle::pid))
        .orElseThrow();
  }

  private static void await(Process process, Path file, String pattern)
      throws IOException, InterruptedException {
    while (!Pattern.compile(pattern).matcher(Files.readString(file)).find()) {
      assertThat(process.isAlive()).as(Files.readString(file)).isTrue();
      Thread.sleep(10);
    }
  }
}
