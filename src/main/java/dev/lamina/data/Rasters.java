package dev.lamina.data;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/** Takes RGB bytes out of what ImageIO decodes: the stored values, without colour management. */
final class Rasters {
  private Rasters() {}

  /** Returns the pixels of an image, which stays as it is; its alpha channel is dropped. */
  static byte[] rgb(BufferedImage image) {
    return isBgr(image) ? swapped(bytes(image).clone()) : others(image);
  }

  /**
   * Returns the pixels of an image that nobody else has, in its own memory if that can be: a
   * photograph is large.
   */
  static byte[] rgbInPlace(BufferedImage image) {
    return isBgr(image) ? swapped(bytes(image)) : others(image);
  }

  /**
   * Returns the pixels of a palette image of a TIFF file. Of the colours the high 8 bits remain, as
   * in Pillow: the JDK's decoder scales them by 255 / 65535, so that 255 x 256 becomes 254.
   *
   * @param palette all reds, then greens, then blues, each of 16 bits
   */
  static byte[] ofPalette(Raster raster, int[] palette) {
    int width = raster.getWidth();
    int count = palette.length / 3;
    byte[] pixels = new byte[3 * width * raster.getHeight()];
    int[] row = new int[width];
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getSamples(0, y, width, 1, 0, row);
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < 3 && row[x] < count; c++) {
          pixels[3 * (y * width + x) + c] = (byte) (palette[c * count + row[x]] >> 8);
        }
      }
    }
    return pixels;
  }

  /** Returns whether an image has the form in which JPEG and most PNG files are decoded. */
  private static boolean isBgr(BufferedImage image) {
    return image.getType() == BufferedImage.TYPE_3BYTE_BGR
        && bytes(image).length == 3 * image.getWidth() * image.getHeight();
  }

  private static byte[] bytes(BufferedImage image) {
    return ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
  }

  private static byte[] others(BufferedImage image) {
    ColorModel model = image.getColorModel();
    int bands = image.getRaster().getNumBands();
    boolean indexed = model instanceof IndexColorModel;
    if (image.getType() == BufferedImage.TYPE_3BYTE_BGR) {
      return managed(image); // A part of another image.
    }
    if (!indexed && model.getColorSpace().getType() == ColorSpace.TYPE_CMYK) {
      return cmyk(image.getRaster(), false, false);
    }
    if (!indexed && model.getColorSpace().getType() == ColorSpace.TYPE_GRAY) {
      return samples(image.getRaster(), new int[] {0, 0, 0}, model.getComponentSize(0) - 8);
    }
    int bits = model.getComponentSize(0);
    boolean plain = image.getRaster().getTransferType() <= DataBuffer.TYPE_USHORT && bits >= 8;
    // A colour space other than sRGB is a profile, which getRGB would apply.
    return !indexed
            && bands >= 3
            && plain
            && bits == model.getComponentSize(2)
            && !model.isAlphaPremultiplied()
        ? samples(image.getRaster(), new int[] {0, 1, 2}, bits - 8)
        : managed(image);
  }

  /** Exchanges the first and the third byte of every pixel. */
  private static byte[] swapped(byte[] pixels) {
    for (int i = 0; i < pixels.length; i += 3) {
      byte first = pixels[i];
      pixels[i] = pixels[i + 2];
      pixels[i + 2] = first;
    }
    return pixels;
  }

  /**
   * Returns bands of a raster as bytes.
   *
   * @param surplusBits the number of low bits to drop
   */
  private static byte[] samples(Raster raster, int[] bands, int surplusBits) {
    int width = raster.getWidth();
    int height = raster.getHeight();
    byte[] pixels = new byte[3 * width * height];
    int[] row = new int[width];
    for (int band = 0; band < 3; band++) {
      for (int y = 0; y < height; y++) {
        raster.getSamples(raster.getMinX(), raster.getMinY() + y, width, 1, bands[band], row);
        for (int x = 0; x < width; x++) {
          pixels[3 * (y * width + x) + band] = (byte) (row[x] >> surplusBits);
        }
      }
    }
    return pixels;
  }

  private static byte[] managed(BufferedImage image) {
    int width = image.getWidth();
    byte[] pixels = new byte[3 * width * image.getHeight()];
    int[] row = new int[width];
    for (int y = 0; y < image.getHeight(); y++) {
      image.getRGB(0, y, width, 1, row, 0, width);
      for (int x = 0; x < width; x++) {
        int at = 3 * (y * width + x);
        pixels[at] = (byte) (row[x] >> 16);
        pixels[at + 1] = (byte) (row[x] >> 8);
        pixels[at + 2] = (byte) row[x];
      }
    }
    return pixels;
  }

  /**
   * Converts four components of ink to RGB as TensorFlow does; within one level of Pillow.
   *
   * @param raster cyan, magenta, yellow and black; or luma, chroma and black
   * @param ycc whether the first three are luma and chroma
   * @param inverted whether 0 is full ink
   */
  static byte[] cmyk(Raster raster, boolean ycc, boolean inverted) {
    int width = raster.getWidth();
    byte[] pixels = new byte[3 * width * raster.getHeight()];
    int[] row = new int[4 * width];
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, width, 1, row);
      for (int x = 0; x < width; x++) {
        if (ycc) {
          toCmy(row, 4 * x);
        }
        int black = inverted ? row[4 * x + 3] : 255 - row[4 * x + 3];
        for (int c = 0; c < 3; c++) {
          int ink = inverted ? row[4 * x + c] : 255 - row[4 * x + c];
          pixels[3 * (y * width + x) + c] = (byte) (ink * black / 255);
        }
      }
    }
    return pixels;
  }

  /** JPEG's conversion in libjpeg's arithmetic of 16 fractional bits. */
  private static void toCmy(int[] row, int at) {
    int luma = row[at];
    int blue = row[at + 1] - 128;
    int red = row[at + 2] - 128;
    int half = 1 << 15;
    row[at] = 255 - clip(luma + ((91881 * red + half) >> 16));
    row[at + 1] = 255 - clip(luma + ((-22554 * blue - 46802 * red + half) >> 16));
    row[at + 2] = 255 - clip(luma + ((116130 * blue + half) >> 16));
  }

  private static int clip(int value) {
    return Math.max(0, Math.min(255, value));
  }
}
