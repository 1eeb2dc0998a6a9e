package dev.lamina.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.cli.Main;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The command {@code launch}, with a worker that is killed. */
@Timeout(300)
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
                18,
                "--epochs",
                6,
                "--run",
                run)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile())
            .start();
    await(launcher, out, "[0] epoch 1/6 ");
    ProcessHandle worker =
        launcher
            .children()
            .filter(child -> child.isAlive())
            .max((a, b) -> Long.compare(a.pid(), b.pid()))
            .orElseThrow();
    worker.destroyForcibly();
    assertThat(launcher.waitFor()).as(Files.readString(out)).isZero();
    assertThat(out)
        .content()
        .contains(
            "lamina: worker 1 failed first, with status 137 (signal 9)",
            "lamina: starting all workers again in 1 s (1 of 3)")
        .doesNotContain("[1] epoch");
    assertThat(run.resolve("history.csv")).content().hasLineCount(7);
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
