package dev.lamina.data;

import com.google.common.hash.HashCode;
import com.google.common.hash.Hashing;
import java.nio.file.Path;
import java.util.List;

/**
 * Images of one channel, which become three equal ones. What is smaller than 32 x 32 is padded with
 * black; if the padding is odd, the extra row or column is at the end.
 */
final class GreyPixels {
  static final int MIN_SIDE = 32;

  private final byte[] grey;
  private final int originalHeight;
  private final int originalWidth;

  GreyPixels(byte[] grey, int originalHeight, int originalWidth) {
    this.grey = grey;
    this.originalHeight = originalHeight;
    this.originalWidth = originalWidth;
  }

  /** The height with padding. */
  int height() {
    return Math.max(originalHeight, MIN_SIDE);
  }

  /** The width with padding. */
  int width() {
    return Math.max(originalWidth, MIN_SIDE);
  }

  /** The number of bytes of an image, with padding and three channels. */
  int bytes() {
    return 3 * height() * width();
  }

  /** Returns the images as a set in memory, or in a file in the cache. */
  ImageSet set(int[] labels, List<String> classNames, boolean onDisk, Path cache) {
    if (onDisk) {
      return ImageSet.onDisk(height(), width(), 3, file(labels.length, cache), labels, classNames);
    }
    byte[] all = new byte[bytes() * labels.length];
    for (int i = 0; i < labels.length; i++) {
      pad(i, all, i * bytes());
    }
    return ImageSet.of(height(), width(), 3, all, labels, classNames);
  }

  private PixelFile file(int count, Path cache) {
    HashCode hash =
        Hashing.murmur3_128()
            .newHasher()
            .putInt(originalHeight)
            .putInt(originalWidth)
            .putBytes(grey)
            .hash();
    Path file = cache.resolve(hash + PixelFile.SUFFIX);
    return PixelFile.of(
        file,
        count,
        height(),
        width(),
        3,
        i -> {
          byte[] image = new byte[bytes()];
          pad(i, image, 0);
          return image;
        },
        () -> {});
  }

  private void pad(int image, byte[] into, int offset) {
    int area = originalHeight * originalWidth;
    int top = (height() - originalHeight) / 2;
    int left = (width() - originalWidth) / 2;
    for (int p = 0; p < area; p++) {
      int row = top + p / originalWidth;
      int at = offset + (row * width() + left + p % originalWidth) * 3;
      byte value = grey[image * area + p];
      into[at] = value;
      into[at + 1] = value;
      into[at + 2] = value;
    }
  }
}
