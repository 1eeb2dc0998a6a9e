package dev.lamina.data;

import com.google.common.primitives.ImmutableDoubleArray;
import java.nio.ByteBuffer;

/**
 * Mean and standard deviation of each channel over all pixels of a set, for values scaled to [0,
 * 1]: the arguments of a normalisation.
 *
 * @param mean the mean of each channel
 * @param std the (biased) standard deviation of each channel; 1 if a channel is constant
 */
public record ChannelStatistics(ImmutableDoubleArray mean, ImmutableDoubleArray std) {
  /** Computes the statistics of all images of a set. */
  public static ChannelStatistics of(ImageSet set) {
    int channels = set.channels();
    long[][] counts = new long[channels][256];
    for (int image = 0; image < set.size(); image++) {
      ByteBuffer pixels = set.pixels(image, image + 1);
      for (int at = 0; at < pixels.capacity(); at++) {
        counts[at % channels][pixels.get(at) & 0xff]++;
      }
    }
    double[] mean = new double[channels];
    double[] std = new double[channels];
    for (int c = 0; c < channels; c++) {
      double sum = 0;
      double squares = 0;
      long count = 0;
      for (int value = 0; value < 256; value++) {
        double scaled = value / 255.0;
        sum += counts[c][value] * scaled;
        squares += counts[c][value] * scaled * scaled;
        count += counts[c][value];
      }
      mean[c] = sum / count;
      double variance = squares / count - mean[c] * mean[c];
      std[c] = variance > 1e-12 ? Math.sqrt(variance) : 1;
    }
    return new ChannelStatistics(
        ImmutableDoubleArray.copyOf(mean), ImmutableDoubleArray.copyOf(std));
  }
}
