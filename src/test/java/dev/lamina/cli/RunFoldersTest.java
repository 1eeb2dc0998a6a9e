package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.Threads;
import dev.lamina.io.LaminaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFoldersTest {
  @Test
  void runsOfOneSecond_getNamesOfTheirOwn() throws Exception {
    Set<Path> names = ConcurrentHashMap.newKeySet();
    Set<Path> twice = ConcurrentHashMap.newKeySet();
    Threads threads =
        Threads.start(
            4,
            () -> {
              Path fresh = RunFolders.fresh();
              if (!names.add(fresh)) {
                twice.add(fresh);
              }
            });
    try {
      threads.awaitCalls(20);
    } finally {
      threads.stop();
      assertThat(threads.failures()).isEmpty();
      for (Path name : names) {
        Files.delete(name);
      }
    }
    assertThat(twice).isEmpty();
    assertThat(names)
        .allMatch(name -> name.toString().matches("runs/\\d{4}-\\d\\d-\\d\\d-\\d{6}(-\\d+)?"));
  }

  @Test
  void whatARunLeftThatWasKilledAtItsStart_isNoRun(@TempDir Path run) throws IOException {
    Path initial = Files.createFile(run.resolve("initial.safetensors"));
    Path seen = Files.createFile(run.resolve(".seen-by-workers.0.tmp"));
    RunFolders.create(run).close();
    assertThat(initial).exists();
    assertThat(seen).doesNotExist();
    Files.createFile(run.resolve("config.json"));
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> RunFolders.create(run))
        .withMessage(run + " must be a new or empty folder; name another with --run");
  }

  @Test
  void file_isNoFolderOfARun(@TempDir Path scratch) throws IOException {
    Path file = Files.createFile(scratch.resolve("file"));
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> RunFolders.checkNew(file))
        .withMessage(
            "--run must be a folder or a new one, got %s, which is a file; name another", file);
    Path below = file.resolve("a/b");
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> RunFolders.checkNew(below))
        .withMessage(
            "--run must be a folder or a new one, got %s, in which %s is a file; name another",
            below, file);
    RunFolders.checkNew(scratch.resolve("new/run"));
  }

  private static Path run(Path folder, long written) throws IOException {
    Path run = Files.createDirectories(folder);
    Files.createFile(run.resolve("config.json"));
    Path weights = Files.createFile(run.resolve("weights.safetensors"));
    assertThat(weights.toFile().setLastModified(written)).isTrue();
    return run;
  }

  @Test
  void runsOfASweep_areFoundInItsFolder(@TempDir Path runs) throws IOException {
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> RunFolders.newest(runs))
        .withMessage("no run found in %s; run 'lamina train' or name one with --run", runs);
    Path alone = run(runs.resolve("alone"), 2000);
    Path second = run(runs.resolve("sweep/002"), 1000);
    Path first = run(runs.resolve("sweep/001"), 3000);
    Files.createFile(runs.resolve("sweep/001.json"));
    assertThat(RunFolders.newest(runs)).isEqualTo(first);
    Path link = Files.createSymbolicLink(runs.resolve("link"), Path.of("sweep"));
    assertThat(RunFolders.newest(link)).isEqualTo(link.resolve("001"));
    Files.delete(link);
    assertThat(RunFolders.in(runs.resolve("sweep"))).containsExactly(first, second);
    assertThat(RunFolders.in(alone)).containsExactly(alone);
    assertThat(RunFolders.in(runs.resolve("none"))).containsExactly(runs.resolve("none"));
  }

  @Test
  void folderOfARunThatDidNotBegin_isDeleted(@TempDir Path folder) throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    RunFolders.deleteIfEmpty(empty);
    assertThat(empty).doesNotExist();
    Path begun = run(folder.resolve("begun"), 0);
    RunFolders.deleteIfEmpty(begun);
    assertThat(begun).isNotEmptyDirectory();
  }

  @Test
  void folderThatIsNotEmpty_isRefusedBeforeImagesAreRead(@TempDir Path run) throws IOException {
    Files.createFile(run.resolve("notes"));
    MainTest.Output output = MainTest.lamina("train", "--run", run, "--data", run.resolve("none"));
    assertThat(output.status()).isEqualTo(2);
    assertThat(output.err())
        .isEqualTo("lamina: " + run + " must be a new or empty folder; name another with --run\n");
  }
}
