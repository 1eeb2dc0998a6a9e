package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShardTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 64, 65})
  void parts_togetherAreTheBatch_andDifferByAtMostOne(int images) {
    int[] batch = IntStream.range(100, 100 + images).toArray();
    for (int count : new int[] {1, 2, 3, 5}) {
      int[][] parts =
          IntStream.range(0, count)
              .mapToObj(index -> new Shard(index, count).of(batch))
              .toArray(int[][]::new);
      assertThat(IntStream.range(0, count).flatMap(i -> IntStream.of(parts[i])).toArray())
          .containsExactly(batch);
      for (int[] part : parts) {
        assertThat(part.length).isBetween(images / count, (images + count - 1) / count);
      }
    }
    assertThat(Shard.whole().of(batch)).containsExactly(batch);
  }

  @Test
  void index_ofNoPart_isRejected() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Shard(2, 2))
        .withMessage("index must be from 0 to 1, got 2");
  }
}
