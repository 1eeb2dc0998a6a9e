package dev.lamina.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lamina.model.Model;
import dev.lamina.train.Checkpoint;
import dev.lamina.train.Checkpoints;
import dev.lamina.zoo.ResNetCifar;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.TensorFlow;

/** Training and exporting while the disk takes no more. A checkpoint of these runs takes 2 MB. */
class DiskTest {
  @TempDir private Path folder;

  private static List<String> train(List<String> before, Path run) throws Exception {
    ProcessBuilder builder = JavaProcess.of(TrainingProcess.class, run, 1, 1, 1024);
    List<String> command = new ArrayList<>(before);
    command.addAll(builder.command());
    Process process = builder.command(command).redirectErrorStream(true).start();
    List<String> said =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
            .lines()
            .toList();
    process.waitFor();
    return said;
  }

  /** Every step was taken, though nothing could be written. */
  private static void assertWentOn(List<String> said, Path run, String reason) {
    assertThat(said).contains("10");
    assertThat(said)
        .filteredOn(line -> line.contains("WARN dev.lamina.train.CheckpointWriter"))
        .isNotEmpty()
        .allSatisfy(
            line ->
                assertThat(line)
                    .contains(run.resolve("checkpoints") + "/step-")
                    .contains("could not be written (")
                    .contains(reason)
                    .endsWith("; training continues without it: free space or repair the folder"));
  }

  /** A limit on the length of a file stands for a full disk where nothing may be mounted. */
  @Test
  void fileLimit() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/bin/bash")));
    Path run = folder.resolve("run");
    // Unpacks TensorFlow's libraries where they are not yet: those are large files.
    assertThat(TensorFlow.version()).isEqualTo("2.18.0");
    List<String> limited = List.of("/bin/bash", "-c", "ulimit -f 1000; exec \"$@\"", "bash");
    assertWentOn(train(limited, run), run, "File too large");
    assertThat(Checkpoints.newest(run)).isEmpty();
    // Nothing half-written stays, and the next run is not held up.
    assertThat(train(List.of(), run)).contains("10");
    assertThat(Checkpoints.newest(run).map(Checkpoint::step)).contains(10L);
  }

  @Test
  void fullDisk_leavesOlderCheckpointsWhole() throws Exception {
    Path disk = mount("8m");
    try {
      Path run = disk.resolve("run");
      assertThat(train(List.of(), run)).contains("10");
      Files.delete(run.resolve("checkpoints/step-00000010.safetensors"));
      // Weights (1 MB) fit in what is left, a checkpoint does not.
      Files.write(disk.resolve("others"), new byte[3 << 20]);
      byte[] before = Files.readAllBytes(run.resolve("checkpoints/step-00000005.safetensors"));
      assertWentOn(train(List.of(), run), run, "No space left on device");
      assertThat(run.resolve("checkpoints/step-00000005.safetensors")).hasBinaryContent(before);
      assertThat(Checkpoints.newest(run).map(Checkpoint::step)).contains(5L);
    } finally {
      unmount(disk);
    }
  }

  @Test
  void readOnlyFolder_isRefusedInOneLine() throws Exception {
    Path disk = mount("8m");
    try {
      Path run = disk.resolve("run");
      assertThat(train(List.of(), run)).contains("10");
      assertThat(new ProcessBuilder("mount", "-o", "remount,ro", disk.toString()).start().waitFor())
          .isZero();
      assertThat(train(List.of(), run))
          .anyMatch(
              line ->
                  line.contains(run.resolve("checkpoints") + " could not be locked (")
                      && line.endsWith("Read-only file system); choose another folder"));
      assertThat(Checkpoints.newest(run).map(Checkpoint::step)).contains(10L);
    } finally {
      unmount(disk);
    }
  }

  @Test
  void fullDisk_isWhatAnExportNames() throws Exception {
    Path disk = mount("64k");
    try (Model model = ResNetCifar.builder().width(4).build()) {
      Path export = disk.resolve("1");
      assertThatExceptionOfType(UncheckedIOException.class)
          .isThrownBy(() -> model.export(export))
          .withMessageMatching(
              export
                  + " could not be written \\(.*No space left on device.*\\); free space or choose another folder");
      assertThat(disk).isEmptyDirectory();
    } finally {
      unmount(disk);
    }
  }

  private Path mount(String size) throws IOException, InterruptedException {
    Path disk = Files.createDirectory(folder.resolve("disk"));
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/mount")));
    int status =
        new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", disk.toString())
            .start()
            .waitFor();
    assumeTrue(status == 0, "only root may mount");
    return disk;
  }

  private static void unmount(Path disk) throws IOException, InterruptedException {
    new ProcessBuilder("umount", disk.toString()).start().waitFor();
  }
}
