package dev.lamina.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.google.common.collect.ObjectArrays;
import dev.lamina.cli.MainTest;
import dev.lamina.cli.MainTest.Output;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the train command does on Ctrl-C and SIGTERM, in a process of its own. */
class SignalsTest {
  @TempDir private Path folder;
  private Path data = Path.of("");

  @BeforeEach
  void writeImages() throws IOException {
    assumeFalse(System.getProperty("os.name").startsWith("Windows"), "Windows has no signals");
    data = TrainCommandProcess.images(folder);
  }

  private static void inThisProcess(Object... options) {
    Output output = MainTest.lamina(ObjectArrays.concat("train", options));
    assertThat(output.status()).as(output.err()).isZero();
  }

  private Object[] options(Path run) {
    return new Object[] {
      "--data", data, "--run", run, "--width", 4, "--epochs", 8, "--batch-size", 8
    };
  }

  @Test
  void signals_stopAfterTheStep_andTheRunEndsAsIfUninterrupted() throws Exception {
    Path twin = folder.resolve("twin");
    inThisProcess(options(twin));
    Path run = folder.resolve("run");

    TrainCommandProcess first =
        TrainCommandProcess.signalled(folder, "epoch 2/8", "INT", options(run));
    assertThat(first.process.waitFor())
        .as(
            "status; a build that a shell starts with & ignores Ctrl-C, and what it starts does too")
        .isEqualTo(130);
    assertThat(Files.readString(first.err))
        .contains("lamina: stopping after this step; press Ctrl-C again to quit immediately");
    assertThat(Files.readString(first.out))
        .containsPattern("checkpoint after step \\d+\n")
        .endsWith("resume     tools/lamina train --resume " + run + "\n");

    TrainCommandProcess second =
        TrainCommandProcess.signalled(folder, "epoch 5/8", "TERM", "--resume", run);
    assertThat(second.process.waitFor()).isEqualTo(143);

    TrainCommandProcess third =
        TrainCommandProcess.signalled(folder, "epoch 6/8", "HUP", "--resume", run);
    assertThat(third.process.waitFor()).isEqualTo(129);

    inThisProcess("--resume", run);
    assertThat(run.resolve("weights.safetensors"))
        .hasSameBinaryContentAs(twin.resolve("weights.safetensors"));
    assertThat(run.resolve("export/1/saved_model.pb")).exists();
    assertThat(withoutSeconds(run)).hasSize(9).isEqualTo(withoutSeconds(twin));
    try (Stream<Path> files = Files.walk(run)) {
      assertThat(files.map(Path::toString)).noneMatch(name -> name.endsWith(".tmp"));
    }
  }

  private static List<String> withoutSeconds(Path run) throws IOException {
    return Files.readAllLines(run.resolve("history.csv")).stream()
        .map(line -> line.substring(0, line.lastIndexOf(',')))
        .toList();
  }

  @Test
  void secondSignal_leavesAtOnce() throws Exception {
    Path run = folder.resolve("run");
    TrainCommandProcess lamina =
        TrainCommandProcess.endless(
            folder, "--data", data, "--run", run, "--network", EndlessStep.NETWORK);
    lamina.awaitStep(run);
    lamina.signal("TERM");
    lamina.await(lamina.err, "stopping after this step");
    lamina.signal("INT");
    assertThat(lamina.process.waitFor()).isEqualTo(143);
    assertThat(Files.readString(lamina.out)).doesNotContain("\nresume ", "fatal error");
    assertThat(run.resolve("checkpoints/.lock")).exists();
  }
}
