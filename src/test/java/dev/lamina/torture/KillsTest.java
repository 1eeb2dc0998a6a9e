package dev.lamina.torture;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The short form; {@code tools/torture kills} runs longer. */
class KillsTest {
  @TempDir private Path folder;

  @Test
  void killedRuns_endBitForBitWhereAnUninterruptedOneEnds() throws Exception {
    Kills kills = new Kills(folder, 1, 10);
    kills.run(Limit.count(4).start());
    assertThat(kills.kills()).isEqualTo(4);
  }
}
