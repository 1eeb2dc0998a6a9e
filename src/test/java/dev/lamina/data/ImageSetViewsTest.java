package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ReadOnlyBufferException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The accessors of a set, also with other numbers of channels than three. */
class ImageSetViewsTest {
  private static final List<String> NAMES = List.of("a", "b");

  @Test
  void views_cannotChangeTheSet() {
    List<String> names = new ArrayList<>(NAMES);
    ImageSet set = ImageSet.of(1, 1, 1, new byte[] {5, 6}, new int[] {0, 1}, names);
    names.clear();
    set.image(0)[0] = 9;
    assertThat(set.classNames()).isEqualTo(NAMES);
    assertThat(set.image(0)).containsExactly(5);
    assertThatExceptionOfType(ReadOnlyBufferException.class)
        .isThrownBy(() -> set.pixels().put(0, (byte) 1));
    assertThatExceptionOfType(UnsupportedOperationException.class)
        .isThrownBy(() -> set.classNames().remove(0));
  }

  @Test
  void copyImage_fillsOnlyItsPlace() {
    ImageSet set = ImageSet.of(1, 1, 2, new byte[] {1, 2, 3, 4}, new int[2], NAMES);
    byte[] into = new byte[5];
    set.copyImage(1, into, 2);
    assertThat(into).containsExactly(0, 0, 3, 4, 0);
  }

  @Test
  void bufferedImage_showsOneChannelAsGrey_andLeavesTheFourthOut() {
    ImageSet grey = ImageSet.of(1, 2, 1, new byte[] {7, -1}, new int[1], NAMES);
    assertThat(Images.pixels(grey.toBufferedImage(0))).containsExactly(7, 7, 7, -1, -1, -1);
    ImageSet four = ImageSet.of(1, 1, 4, new byte[] {1, 2, 3, 4}, new int[1], NAMES);
    assertThat(Images.pixels(four.toBufferedImage(0))).containsExactly(1, 2, 3);
  }

  @Test
  void toString_saysWhatItIs() {
    assertThat(ImageSet.of(2, 1, 1, new byte[2], new int[1], NAMES))
        .hasToString("ImageSet[1 images, 2 x 1 x 1, [a, b]]");
  }
}
