package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PermutationTest {
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 7, 1000})
  void holdsEveryPlaceOnce(int size) {
    assertThat(Permutation.of(size, 3, 4))
        .containsExactlyInAnyOrder(IntStream.range(0, size).toArray());
  }

  @Test
  void dependsOnSeedAndEpochAlone() {
    int[] order = Permutation.of(100, 1, 2);
    assertThat(Permutation.of(100, 1, 2)).isEqualTo(order);
    assertThat(Permutation.of(100, 2, 2)).isNotEqualTo(order);
    assertThat(Permutation.of(100, 1, 3)).isNotEqualTo(order);
    assertThat(Permutation.of(100, 2, 1)).isNotEqualTo(order);
  }

  /** Each count is binomial: 20,000 trials of 1/5 deviate by 57, so 6 deviations are 340. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void everyValueIsEquallyOftenAtEveryPlace(boolean overEpochs) {
    int[][] counts = new int[5][5];
    for (int i = 0; i < 20_000; i++) {
      int[] order = overEpochs ? Permutation.of(5, 0, i) : Permutation.of(5, i, 0);
      for (int position = 0; position < 5; position++) {
        counts[position][order[position]]++;
      }
    }
    for (int[] row : counts) {
      for (int count : row) {
        assertThat(count).isCloseTo(4000, within(340));
      }
    }
  }
}
