package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChannelStatisticsTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void areThoseOfTwoPlainPasses(int channels) {
    int images = 7;
    int area = 3 * 5;
    byte[] pixels = new byte[images * area * channels];
    new Random(channels).nextBytes(pixels);
    for (int i = 0; i < pixels.length; i++) {
      // Each channel has its own range.
      pixels[i] = (byte) ((pixels[i] & 0xff) >> i % channels);
    }
    ChannelStatistics statistics =
        ChannelStatistics.of(ImageSet.of(3, 5, channels, pixels, new int[images], List.of("one")));

    assertThat(statistics.mean().length()).isEqualTo(channels);
    assertThat(statistics.std().length()).isEqualTo(channels);
    for (int c = 0; c < channels; c++) {
      double mean = 0;
      for (int i = c; i < pixels.length; i += channels) {
        mean += (pixels[i] & 0xff) / 255.0 / (images * area);
      }
      double variance = 0;
      for (int i = c; i < pixels.length; i += channels) {
        variance += Math.pow((pixels[i] & 0xff) / 255.0 - mean, 2) / (images * area);
      }
      assertThat(statistics.mean().get(c)).isCloseTo(mean, within(1e-12));
      assertThat(statistics.std().get(c)).isCloseTo(Math.sqrt(variance), within(1e-12));
    }
  }

  @Test
  void constantChannel_hasDeviationOne() {
    ChannelStatistics statistics =
        ChannelStatistics.of(
            ImageSet.of(1, 2, 2, new byte[] {51, 0, 51, -1}, new int[1], List.of("one")));
    assertThat(statistics.mean().get(0)).isCloseTo(0.2, within(1e-15));
    assertThat(statistics.std().get(0)).isEqualTo(1);
    assertThat(statistics.mean().get(1)).isCloseTo(0.5, within(1e-15));
    assertThat(statistics.std().get(1)).isCloseTo(0.5, within(1e-15));
  }
}
