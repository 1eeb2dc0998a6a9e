package dev.lamina.model;

import static com.google.common.base.Preconditions.checkArgument;

/** Converts pixels given as integers to bytes. */
final class Pixels {
  private Pixels() {}

  static byte[] bytes(int[][][] pixels, int height, int width, int channels) {
    checkArgument(
        pixels.length == height, "pixels must have %s rows, got %s", height, pixels.length);
    byte[] bytes = new byte[height * width * channels];
    int at = 0;
    for (int y = 0; y < height; y++) {
      checkArgument(
          pixels[y].length == width,
          "row %s of pixels must have %s columns, got %s",
          y,
          width,
          pixels[y].length);
      for (int x = 0; x < width; x++) {
        checkArgument(
            pixels[y][x].length == channels,
            "pixel [%s][%s] must have %s channels, got %s",
            y,
            x,
            channels,
            pixels[y][x].length);
        for (int c = 0; c < channels; c++) {
          int value = pixels[y][x][c];
          checkArgument(
              value >= 0 && value <= 255,
              "pixel [%s][%s][%s] must be in 0..255, got %s",
              y,
              x,
              c,
              value);
          bytes[at++] = (byte) value;
        }
      }
    }
    return bytes;
  }
}
