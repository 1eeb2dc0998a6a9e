package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.Threads;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

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
}
