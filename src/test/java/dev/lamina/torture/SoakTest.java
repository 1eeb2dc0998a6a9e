package dev.lamina.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The soak, too short to say anything of memory; {@code tools/torture soak} is the long form. */
class SoakTest {
  @TempDir private Path folder;

  @Test
  void predictionsWhileTraining_addNothingToTheGraph() throws Exception {
    assumeTrue(Files.isDirectory(Path.of("/proc/self/fd")));
    Soak.Report report = Soak.report(Limit.count(100), folder);
    assertThat(report.predictions()).isGreaterThanOrEqualTo(8);
    assertThat(report.nodes()).isZero();
    assertThat(report.descriptors()).isNotEmpty();
  }
}
