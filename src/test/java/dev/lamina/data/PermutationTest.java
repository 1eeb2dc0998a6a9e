package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PermutationTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 1000})
  void holdsEveryPlaceOnce(int size) {
    assertThat(Permutation.of(size, 3, 1))
        .containsExactlyInAnyOrder(IntStream.range(0, size).toArray());
  }

  @Test
  void dependsOnSeedAndEpochAlone() {
    int[] order = Permutation.of(100, 3, 1);
    assertThat(Permutation.of(100, 3, 1)).isEqualTo(order);
    assertThat(Permutation.of(100, 3, 2)).isNotEqualTo(order);
    assertThat(Permutation.of(100, 4, 1)).isNotEqualTo(order);
  }

  @Test
  void everyValueIsEquallyLikelyAtEveryPlace() {
    int[][] counts = new int[5][5];
    int draws = 20_000;
    for (int epoch = 0; epoch < draws; epoch++) {
      int[] order = Permutation.of(5, 9, epoch);
      for (int place = 0; place < 5; place++) {
        counts[place][order[place]]++;
      }
    }
    // A binomial count of mean 4000 has deviation 57; five of them.
    for (int[] row : counts) {
      for (int count : row) {
        assertThat(count).isBetween(4000 - 285, 4000 + 285);
      }
    }
  }
}
