package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.io.LaminaException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class ImageSetTest {
  private static final List<String> NAMES = List.of("a", "b", "c");

  /** 30 images of class a, 10 of b, 5 of c; the first byte of an image is its number. */
  private static ImageSet uneven() {
    byte[] pixels = new byte[45 * 2 * 3 * 3];
    new Random(1).nextBytes(pixels);
    int[] labels = new int[45];
    for (int i = 0; i < 45; i++) {
      pixels[i * 18] = (byte) i;
      labels[i] = i < 30 ? 0 : i < 40 ? 1 : 2;
    }
    return ImageSet.of(2, 3, 3, pixels, labels, NAMES);
  }

  @Test
  void of_refusesWhatDoesNotFit() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ImageSet.of(2, 3, 3, new byte[17], new int[1], NAMES))
        .withMessage("pixels must be 18 bytes (1 images of 2 x 3 x 3), got 17");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ImageSet.of(2, 3, 3, new byte[36], new int[] {0, 3}, NAMES))
        .withMessage("label of image 1 must be in 0..2, got 3");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ImageSet.of(2, 3, 3, new byte[18], new int[] {-1}, NAMES))
        .withMessage("label of image 0 must be in 0..2, got -1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ImageSet.of(0, 3, 3, new byte[0], new int[1], NAMES))
        .withMessage("height must be positive, got 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ImageSet.of(1, -1, 3, new byte[0], new int[1], NAMES))
        .withMessage("width must be positive, got -1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ImageSet.of(1, 1, 0, new byte[0], new int[1], NAMES))
        .withMessage("channels must be positive, got 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ImageSet.of(1, 1, 1, new byte[0], new int[0], NAMES))
        .withMessage("labels must not be empty");
  }

  @Test
  void labelsAndPixels_cannotBeChangedThroughTheSet() {
    ImageSet set = uneven();
    set.labels()[0] = 2;
    set.image(0)[0] = 99;
    assertThat(set.label(0)).isZero();
    assertThat(set.image(0)[0]).isZero();
    assertThat(set.pixels().isReadOnly()).isTrue();
    assertThat(set.pixels().capacity()).isEqualTo(45 * 18);
  }

  @Test
  void toBufferedImage_keepsEveryPixel() {
    ImageSet set = uneven();
    assertThat(Images.pixels(set.toBufferedImage(7))).isEqualTo(set.image(7));
    ImageSet grey = ImageSet.of(1, 2, 1, new byte[] {5, (byte) 200}, new int[] {0}, NAMES);
    assertThat(Images.pixels(grey.toBufferedImage(0)))
        .containsExactly(5, 5, 5, (byte) 200, (byte) 200, (byte) 200);
  }

  @Test
  void subset_inTheGivenOrder() {
    ImageSet some = uneven().subset(new int[] {41, 3, 3});
    assertThat(some.labels()).containsExactly(2, 0, 0);
    assertThat(some.image(0)[0]).isEqualTo((byte) 41);
    assertThat(some.image(2)[0]).isEqualTo((byte) 3);
    assertThat(some.classNames()).isEqualTo(NAMES);
  }

  @Test
  void split_takesTheShareOfEveryClass() {
    ImageSet.Split split = uneven().split(0.2, 1);
    assertThat(counts(split.validation())).containsExactly(6, 2, 1);
    assertThat(counts(split.train())).containsExactly(24, 8, 4);
    List<Integer> all = new ArrayList<>(numbers(split.train()));
    all.addAll(numbers(split.validation()));
    assertThat(all).containsExactlyInAnyOrderElementsOf(IntStream.range(0, 45).boxed().toList());
    assertThat(numbers(uneven().split(0.2, 1).validation())).isEqualTo(numbers(split.validation()));
    assertThat(numbers(uneven().split(0.2, 2).validation()))
        .isNotEqualTo(numbers(split.validation()));
  }

  @Test
  void split_outOfRange() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> uneven().split(0, 1))
        .withMessage("validationFraction must be in (0, 1), got 0.0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> uneven().subset(new int[] {0, 35, 44}).split(0.5, 1))
        .withMessage("some class must have 2 images to be split, got 3 in all");
    assertThat(counts(uneven().split(0.001, 1).validation())).containsExactly(1, 1, 1);
    assertThat(counts(uneven().split(0.999, 1).train())).containsExactly(1, 1, 1);
  }

  private static int[] counts(ImageSet set) {
    int[] counts = new int[3];
    Arrays.stream(set.labels()).forEach(label -> counts[label]++);
    return counts;
  }

  private static List<Integer> numbers(ImageSet set) {
    return IntStream.range(0, set.size()).mapToObj(i -> (int) set.image(i)[0]).toList();
  }

  @Test
  void imageData_whosePartsDiffer() {
    ImageSet set = uneven();
    ImageSet turned = ImageSet.of(3, 2, 3, new byte[18], new int[1], NAMES);
    ImageSet renamed = ImageSet.of(2, 3, 3, new byte[18], new int[1], List.of("a", "b", "d"));
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> new ImageData(set, turned))
        .withMessage(
            "training images are 2 x 3 x 3, test images 3 x 2 x 3; both must have one size");
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> new ImageData(set, renamed))
        .withMessage(
            "training classes are [a, b, c], test classes [a, b, d]; both must be the same");
  }

  @Test
  void embedded_isBalancedAndPadded() {
    ImageData data = ImageData.embedded();
    for (ImageSet set : List.of(data.train(), data.test())) {
      assertThat(set.height()).isEqualTo(32);
      assertThat(set.width()).isEqualTo(32);
      assertThat(set.channels()).isEqualTo(3);
      int perClass = set == data.train() ? 1000 : 200;
      int[] counts = new int[10];
      Arrays.stream(set.labels()).forEach(label -> counts[label]++);
      assertThat(counts).containsOnly(perClass);
    }
    // The first labels of Fashion-MNIST: ankle boot in both files.
    assertThat(data.train().classNames().get(data.train().label(0))).isEqualTo("ankle boot");
    assertThat(data.test().classNames().get(data.test().label(0))).isEqualTo("ankle boot");
    byte[] image = data.train().image(0);
    for (int column = 0; column < 32; column++) {
      assertThat(image[column * 3]).as("top border").isZero();
    }
    assertThat(new java.util.HashSet<>(com.google.common.primitives.Bytes.asList(image)))
        .hasSizeGreaterThan(50);
  }

  @Test
  void channelStatistics_againstAPlainComputation() {
    ImageSet set = uneven();
    ChannelStatistics statistics = ChannelStatistics.of(set);
    for (int c = 0; c < 3; c++) {
      double sum = 0;
      double squares = 0;
      int count = 45 * 6;
      for (int i = c; i < count * 3; i += 3) {
        sum += (set.pixels().get(i) & 0xff) / 255.0;
      }
      for (int i = c; i < count * 3; i += 3) {
        double std = (set.pixels().get(i) & 0xff) / 255.0 - sum / count;
        squares += std * std;
      }
      assertThat(statistics.mean().get(c)).isCloseTo(sum / count, Offset.offset(1e-12));
      assertThat(statistics.std().get(c))
          .isCloseTo(Math.sqrt(squares / count), Offset.offset(1e-12));
    }
    ImageSet constant = ImageSet.of(1, 2, 1, new byte[] {7, 7}, new int[1], NAMES);
    assertThat(ChannelStatistics.of(constant).std().get(0)).isEqualTo(1);
  }
}
