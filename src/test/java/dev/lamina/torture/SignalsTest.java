package dev.lamina.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.lamina.cli.Main;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.io.FolderLock;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the train command does on Ctrl-C and SIGTERM, in a process of its own. */
class SignalsTest {
  private static final int IMAGES = 120;

  @TempDir private Path folder;
  private Path data = Path.of("");

  @BeforeEach
  void writeImages() throws IOException {
    assumeFalse(System.getProperty("os.name").startsWith("Windows"), "Windows has no signals");
    data = folder.resolve("data");
    ImageSet set = ImageData.embedded().train();
    for (int i = 0; i < IMAGES; i++) {
      Path file =
          data.resolve(i < IMAGES * 3 / 4 ? "train" : "test")
              .resolve("class" + set.label(i) % 2)
              .resolve(i + ".png");
      Files.createDirectories(file.resolveSibling(""));
      ImageIO.write(set.toBufferedImage(i), "png", file.toFile());
    }
  }

  private final class Lamina {
    final Process process;
    final Path out = folder.resolve("out.txt");
    final Path err = folder.resolve("err.txt");

    Lamina(Object... options) throws IOException {
      List<Object> words = new ArrayList<>(List.of("train"));
      words.addAll(List.of(options));
      process =
          JavaProcess.of(Main.class, words.toArray())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
    }

    /** Waits until a file is there and holds the text. */
    void await(Path file, String text) throws Exception {
      // Latin 1, because a picture is not text.
      while (!Files.exists(file)
          || !Files.readString(file, StandardCharsets.ISO_8859_1).contains(text)) {
        assertThat(process.isAlive()).as("alive; it said: %s", Files.readString(err)).isTrue();
        Thread.sleep(10);
      }
    }

    void signal(String name) throws Exception {
      new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    }

    int status() throws Exception {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ended").isTrue();
      return process.exitValue();
    }
  }

  private Lamina start(Path run) throws IOException {
    return new Lamina("--data", data, "--run", run, "--width", 1, "--epochs", 8, "--batch-size", 8);
  }

  @Test
  void ctrlC_andSigterm_stopAfterTheStep_andTheRunEndsAsIfUninterrupted() throws Exception {
    Path twin = folder.resolve("twin");
    assertThat(start(twin).status()).isZero();
    Path run = folder.resolve("run");

    Lamina first = start(run);
    first.await(first.err, "epoch 2/8");
    first.signal("INT");
    assertThat(first.status())
        .as(
            "status; a build that a shell starts with & ignores Ctrl-C, and what it starts does too")
        .isEqualTo(130);
    assertThat(Files.readString(first.err))
        .contains("lamina: stopping after this step; press Ctrl-C again to quit immediately");
    assertThat(Files.readString(first.out))
        .containsPattern("checkpoint after step \\d+\n")
        .endsWith("resume     tools/lamina train --resume " + run + "\n");

    Lamina second = new Lamina("--resume", run);
    second.await(second.err, "epoch 5/8");
    second.signal("TERM");
    assertThat(second.status()).isEqualTo(143);

    assertThat(new Lamina("--resume", run).status()).isZero();
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
  void runThatIsInUse_isRefused() throws Exception {
    Path run = folder.resolve("run");
    assertThat(new Lamina("--data", data, "--run", run, "--width", 1, "--epochs", 1).status())
        .isZero();
    try (FolderLock lock = FolderLock.of(run)) {
      assertThat(lock).isNotNull();
      Lamina second = new Lamina("--resume", run);
      assertThat(second.status()).isEqualTo(2);
      assertThat(Files.readString(second.err))
          .isEqualTo(
              "lamina: %s is in use by process %s; wait for it to end or choose another folder\n",
              run, ProcessHandle.current().pid());
    }
  }

  @Test
  void secondSignal_leavesAtOnce() throws Exception {
    Path run = folder.resolve("run");
    // A step takes seconds.
    Lamina lamina =
        new Lamina("--data", data, "--run", run, "--width", 64, "--epochs", 1, "--batch-size", 90);
    lamina.await(run.resolve("plots/samples.png"), "");
    Thread.sleep(500);
    lamina.signal("TERM");
    lamina.await(lamina.err, "stopping after this step");
    lamina.signal("INT");
    assertThat(lamina.status()).isEqualTo(143);
    assertThat(Files.readString(lamina.out)).doesNotContain("resume", "fatal error");
    assertThat(run.resolve("checkpoints/.lock")).exists();
  }
}
