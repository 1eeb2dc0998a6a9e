package dev.lamina.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.graph.Precision;
import org.junit.jupiter.api.Test;

/**
 * The short form; {@code tools/torture determinism} takes hundreds of steps, at full width too. In
 * float32, {@link KillsTest} compares processes.
 */
class DeterminismTest {
  @Test
  void sameSeed_sameWeights_inTwoProcesses() throws Exception {
    Determinism.Recipe recipe = new Determinism.Recipe(2, 8, Precision.BFLOAT16);
    assertThat(Determinism.identicalSteps(recipe, Limit.count(20).start())).isEqualTo(20);
  }
}
