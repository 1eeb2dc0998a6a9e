package dev.lamina.cli;

import com.google.common.primitives.ImmutableDoubleArray;
import dev.lamina.data.ChannelStatistics;
import dev.lamina.data.ImageSet;
import java.util.List;

/** The constants of the published recipe, which stand for CIFAR-10's own statistics. */
final class Cifar10Normalization {
  static final ChannelStatistics CONSTANTS =
      new ChannelStatistics(
          ImmutableDoubleArray.of(0.492, 0.482, 0.447),
          ImmutableDoubleArray.of(0.247, 0.243, 0.262));

  private static final List<String> CLASSES =
      List.of(
          "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");

  private Cifar10Normalization() {}

  static boolean fits(ImageSet set) {
    return set.height() == 32 && set.width() == 32 && set.classNames().equals(CLASSES);
  }
}
