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
  void folderThatIsNotEmpty_isRefusedBeforeImagesAreRead(@TempDir Path run) throws IOException {
    Files.createFile(run.resolve("notes"));
    MainTest.Output output = MainTest.lamina("train", "--run", run, "--data", run.resolve("none"));
    assertThat(output.status()).isEqualTo(2);
    assertThat(output.err())
        .isEqualTo("lamina: " + run + " must be a new or empty folder; name another with --run\n");
  }
}
