package dev.lamina.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.augment.AlternatingFlip;
import dev.lamina.augment.RandomCrop;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PreviewTest {
  private final ImageSet images =
      ImageData.embedded().train().subset(IntStream.range(0, 5).toArray());

  private static byte[] mirrored(byte[] pixels, int width, int channels) {
    byte[] mirrored = new byte[pixels.length];
    for (int i = 0; i < pixels.length; i++) {
      int x = i / channels % width;
      mirrored[i] = pixels[i + (width - 1 - 2 * x) * channels];
    }
    return mirrored;
  }

  @Test
  void of_withoutAugmentations_areTheImages() {
    List<ImageSet> epochs = Preview.of(images, List.of(), 2);
    assertThat(epochs).hasSize(2);
    for (ImageSet epoch : epochs) {
      assertThat(epoch.labels()).isEqualTo(images.labels());
      assertThat(epoch.classNames()).isEqualTo(images.classNames());
      for (int i = 0; i < images.size(); i++) {
        assertThat(epoch.image(i)).isEqualTo(images.image(i));
      }
    }
  }

  @Test
  void of_eachEpochIsAugmentedForItself() {
    List<ImageSet> epochs = Preview.of(images, List.of(AlternatingFlip.horizontal()), 3);
    for (int i = 0; i < images.size(); i++) {
      byte[] mirrored = mirrored(images.image(i), images.width(), images.channels());
      assertThat(List.of(epochs.get(0).image(i), epochs.get(1).image(i)))
          .containsExactlyInAnyOrder(images.image(i), mirrored);
      assertThat(epochs.get(2).image(i)).isEqualTo(epochs.get(0).image(i));
    }
  }

  @Test
  void of_drawsAgainInEachEpoch_andTheSameInEachCall() {
    List<ImageSet> epochs = Preview.of(images, List.of(RandomCrop.reflect(4)), 2);
    List<ImageSet> again = Preview.of(images, List.of(RandomCrop.reflect(4)), 2);
    boolean differ = false;
    for (int i = 0; i < images.size(); i++) {
      differ |= !Arrays.equals(epochs.get(0).image(i), epochs.get(1).image(i));
      assertThat(again.get(1).image(i)).isEqualTo(epochs.get(1).image(i));
    }
    assertThat(differ).isTrue();
  }
}
