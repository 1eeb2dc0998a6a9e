package dev.lamina.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.cli.Main;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The command {@code launch}, with a worker that is killed. */
@Timeout(value = 60, unit = TimeUnit.MINUTES)
class LaunchTest {
  @TempDir private Path folder;

  @Test
  void killedWorker_isNamed_andAllContinueFromTheCheckpoint() throws Exception {
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
                "--width",
                1,
                "--batch-size",
                45,
                "--epochs",
                10,
                "--run",
                run)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile())
            .start();
    // The checkpoint of the first epoch is there, or on its way.
    await(launcher, out, "[0] epoch 2/10 ");
    ProcessHandle worker =
        launcher.children().max(Comparator.comparingLong(ProcessHandle::pid)).orElseThrow();
    worker.destroyForcibly();
    assertThat(launcher.waitFor()).as(Files.readString(out)).isZero();
    assertThat(out)
        .content()
        .containsPattern("lamina: worker [01] failed first, with status 137 \\(signal 9\\)")
        .contains("lamina: starting all workers again in 1 s (1 of 3)")
        .doesNotContain("[1] epoch")
        .doesNotContainPattern("(?s)starting all workers again.*\\[0] epoch 1/10 ");
    assertThat(run.resolve("history.csv")).content().hasLineCount(11);
    assertThat(run.resolve("export/1/saved_model.pb")).exists();
  }

  private static void await(Process process, Path file, String text)
      throws IOException, InterruptedException {
    while (!Files.readString(file).contains(text)) {
      assertThat(process.isAlive()).as(Files.readString(file)).isTrue();
      Thread.sleep(10);
    }
  }
}
