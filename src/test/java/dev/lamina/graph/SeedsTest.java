package dev.lamina.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SeedsTest {
  @Test
  void dependsOnSeedAndUseAlone() {
    assertThat(Seeds.deriveSeed(1, "0.weight")).isEqualTo(Seeds.deriveSeed(1, "0.weight"));
    assertThat(Seeds.deriveSeed(1, "0.weight")).isNotEqualTo(Seeds.deriveSeed(1, "1.weight"));
    assertThat(Seeds.deriveSeed(1, "0.weight")).isNotEqualTo(Seeds.deriveSeed(2, "0.weight"));
  }

  @Test
  void neighboursDiffer() {
    Set<Long> seeds = new HashSet<>();
    int[] ones = new int[64];
    for (int seed = 0; seed < 50; seed++) {
      for (int use = 0; use < 50; use++) {
        long value = Seeds.deriveSeed(seed, "use" + use);
        seeds.add(value);
        for (int bit = 0; bit < 64; bit++) {
          ones[bit] += (int) (value >>> bit & 1);
        }
      }
    }
    assertThat(seeds).hasSize(2500);
    // Each bit is set in half of them, within five standard deviations.
    for (int count : ones) {
      assertThat(count).isBetween(1250 - 125, 1250 + 125);
    }
  }
}
