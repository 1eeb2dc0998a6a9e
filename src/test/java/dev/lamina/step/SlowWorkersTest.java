package dev.lamina.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SlowWorkersTest {
  private final SlowWorkers slow = new SlowWorkers();

  /** Adds the steps of a warning's window, all alike. */
  private List<String> add(double... seconds) {
    List<String> warnings = new ArrayList<>();
    for (int i = 0; i < SlowWorkers.STEPS; i++) {
      assertThat(warnings).isEmpty();
      warnings.addAll(slow.add(seconds));
    }
    return warnings;
  }

  @Test
  void workerAtHalfTheSpeed_isNamedOnce() {
    assertThat(add(0.2, 0.41, 0.21))
        .containsExactly(
            "worker 1 is slow: its share of a step takes 0.410 s, that of the others 0.205 s, and all wait"
                + " for it; see what else runs on its machine");
    assertThat(add(0.2, 0.41, 0.21)).isEmpty();
    assertThat(add(0.5, 0.41, 0.21)).hasSize(1);
  }

  @Test
  void ofTwo_theSlowerOneIsNamed() {
    assertThat(add(0.4, 0.2)).singleElement().asString().startsWith("worker 0 is slow: ");
  }

  /** {@code Workers.of(0, 1, ...)} is a cluster too. */
  @Test
  void aSingleWorker_hasNoOthersToWaitForIt() {
    assertThat(add(0.4)).isEmpty();
  }

  @Test
  void smallDifferences_andSingleSlowSteps_areNot() {
    assertThat(add(0.2, 0.28)).isEmpty();
    assertThat(add(0.001, 0.01)).isEmpty();
    for (int i = 0; i < SlowWorkers.STEPS; i++) {
      assertThat(slow.add(new double[] {0.2, i < 9 ? 5 : 0.2})).isEmpty();
    }
  }
}
