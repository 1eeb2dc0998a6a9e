package dev.lamina.data;

import static com.google.common.base.Preconditions.checkArgument;

/** A decoded image of any size: height x width x 3 bytes, row by row. */
final class RgbImage {
  private final int height;
  private final int width;
  private final byte[] pixels;

  /** Creates an image of an array, which is not copied. */
  RgbImage(int height, int width, byte[] pixels) {
    checkArgument(
        pixels.length == 3L * height * width,
        "pixels must be %s bytes (%s x %s x 3), got %s",
        3L * height * width,
        height,
        width,
        pixels.length);
    this.height = height;
    this.width = width;
    this.pixels = pixels;
  }

  int height() {
    return height;
  }

  int width() {
    return width;
  }

  byte[] pixels() {
    return pixels;
  }

  /**
   * Returns this image as it is to be looked at.
   *
   * @param orientation as EXIF defines it: 1 is upright, 2 mirrored left to right, 3 upside down, 4
   *     mirrored top to bottom, 5 to 8 those with rows and columns exchanged
   */
  RgbImage upright(int orientation) {
    if (orientation == 1) {
      return this;
    }
    boolean exchanged = orientation >= 5;
    boolean mirrored = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    boolean turned = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    int newHeight = exchanged ? width : height;
    int newWidth = exchanged ? height : width;
    byte[] result = new byte[pixels.length];
    for (int y = 0; y < newHeight; y++) {
      for (int x = 0; x < newWidth; x++) {
        int row = exchanged ? x : y;
        int column = exchanged ? y : x;
        int from =
            3
                * ((turned ? height - 1 - row : row) * width
                    + (mirrored ? width - 1 - column : column));
        System.arraycopy(pixels, from, result, 3 * (y * newWidth + x), 3);
      }
    }
    return new RgbImage(newHeight, newWidth, result);
  }
}
