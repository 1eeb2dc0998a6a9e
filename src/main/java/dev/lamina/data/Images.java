package dev.lamina.data;

import com.google.common.base.Ascii;
import dev.lamina.io.LaminaException;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/** Decodes image files. */
public final class Images {
  /** JDK formats whose decoders are safe for untrusted files. */
  private static final Set<String> FORMATS = Set.of("png", "jpeg", "gif", "bmp");

  /** The formats that TensorFlow decodes to a single image of the size in the header. */
  private static final Set<String> WEB_FORMATS = Set.of("png", "jpeg");

  /**
   * A progressive JPEG has about 10 scans. Decoding each one visits all pixels however short the
   * scan is, so a few megabytes could take hours.
   */
  private static final int MAX_SCANS = 100;

  /** 32 megapixels. Decoding one takes at most 400 MB: 8 bytes per pixel, and 3 for the result. */
  private static final long MAX_PIXELS = 1 << 25;

  /**
   * An upper bound for PNG and JPEG: deflate compresses at most 1032:1, and a byte holds at most 8
   * pixels.
   */
  private static final long MAX_PIXELS_PER_BYTE = 10_000;

  private Images() {}

  /**
   * Returns the pixels of an image as RGB bytes in row-major order. The alpha channel is dropped.
   */
  public static byte[] pixels(BufferedImage image) {
    int width = image.getWidth();
    if (image.getColorModel().getColorSpace().getType() == ColorSpace.TYPE_GRAY) {
      return grey(image);
    }
    byte[] pixels = new byte[3 * width * image.getHeight()];
    int[] row = new int[width];
    for (int i = 0; i < pixels.length; i += 3) {
      int x = i / 3 % width;
      if (x == 0) {
        image.getRGB(0, i / 3 / width, width, 1, row, 0, width);
      }
      pixels[i] = (byte) (row[x] >> 16);
      pixels[i + 1] = (byte) (row[x] >> 8);
      pixels[i + 2] = (byte) row[x];
    }
    return pixels;
  }

  /** Returns the stored values: getRGB would treat greyscale as linear light and brighten it. */
  private static byte[] grey(BufferedImage image) {
    int width = image.getWidth();
    int surplusBits = image.getColorModel().getComponentSize(0) - 8;
    byte[] pixels = new byte[3 * width * image.getHeight()];
    Raster raster = image.getRaster();
    for (int i = 0; i < pixels.length; i += 3) {
      int sample = raster.getSample(i / 3 % width, i / 3 / width, 0);
      Arrays.fill(pixels, i, i + 3, (byte) (sample >> surplusBits));
    }
    return pixels;
  }

  /**
   * Reads the RGB pixels of an image file of a given size.
   *
   * @throws LaminaException if the file is missing, is not an image, or has another size
   */
  public static byte[] read(Path file, int height, int width) {
    Size size = size(file);
    if (size.height() != height || size.width() != width) {
      throw new LaminaException(
          String.format(
              "%s must be %d x %d (width x height), is %d x %d; scale it first",
              file, width, height, size.width(), size.height()));
    }
    return read(file);
  }

  /** An image size in pixels. */
  record Size(int height, int width) {}

  /**
   * Reads the size of an image file from its header, without allocating memory for its pixels.
   *
   * @throws LaminaException if the file is missing, is not an image, is too large, or is too short
   *     for the size in its header
   */
  static Size size(Path file) {
    return decode(file, reader -> size(file, Files.size(file), reader));
  }

  /** Reads the pixels of an image file of any size; fails as {@link #size(Path)} does. */
  static byte[] read(Path file) {
    return decode(
        file,
        reader -> {
          size(file, Files.size(file), reader);
          return pixels(readComplete(reader));
        });
  }

  /**
   * Checks an encoded image in memory by its header, without allocating memory for its pixels.
   *
   * @param name its name in messages
   * @param file PNG or JPEG
   * @throws LaminaException if it is neither, is too large, is too short for the size in its
   *     header, or has so many scans that decoding it takes minutes
   */
  public static void check(String name, byte[] file) {
    decode(
        name,
        file.length,
        WEB_FORMATS,
        () -> new MemoryCacheImageInputStream(new ByteArrayInputStream(file)),
        reader -> size(name, file.length, reader));
    int scans = scans(file);
    if (scans > MAX_SCANS) {
      throw new LaminaException(
          String.format(
              "%s has %d scans, must have at most %d; save it as a baseline JPEG",
              name, scans, MAX_SCANS));
    }
  }

  /**
   * Counts the scans of a JPEG by their marker, which cannot occur in entropy-coded data; 0 for a
   * PNG.
   */
  private static int scans(byte[] file) {
    int scans = 0;
    boolean jpeg = file[0] == (byte) 0xff;
    for (int i = 1; jpeg && i < file.length; i++) {
      if (file[i - 1] == (byte) 0xff && file[i] == (byte) 0xda) {
        scans++;
      }
    }
    return scans;
  }

  private static Size size(Object file, long bytes, ImageReader reader) throws IOException {
    Size size = new Size(reader.getHeight(0), reader.getWidth(0));
    long pixels = (long) size.height() * size.width();
    if (pixels > MAX_PIXELS) {
      throw new LaminaException(
          String.format(
              "%s is %d x %d (width x height), must have at most %d pixels; scale it first",
              file, size.width(), size.height(), MAX_PIXELS));
    }
    if (pixels > MAX_PIXELS_PER_BYTE * bytes) {
      throw new LaminaException(
          String.format(
              "%s is damaged: its header says %d x %d pixels (width x height), but it has only %d bytes; remove it or copy it again",
              file, size.width(), size.height(), bytes));
    }
    return size;
  }

  /**
   * Reads an image and fails if it is truncated: for a JPEG the decoder only warns, and fills the
   * rest with grey.
   */
  private static BufferedImage readComplete(ImageReader reader) throws IOException {
    List<String> warnings = new ArrayList<>();
    reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
    BufferedImage image = reader.read(0);
    for (String warning : warnings) {
      if (warning.startsWith("Truncated File")) {
        throw new IOException(warning);
      }
    }
    return image;
  }

  private interface Use<T> {
    T apply(ImageReader reader) throws IOException;
  }

  private interface Open {
    ImageInputStream open() throws IOException;
  }

  private static <T> T decode(Path file, Use<T> use) {
    if (!Files.isRegularFile(file)) {
      throw new LaminaException(file + " does not exist or is not a file; check the path");
    }
    return decode(
        file,
        file.toFile().length(),
        FORMATS,
        () -> ImageIO.createImageInputStream(file.toFile()),
        use);
  }

  private static <T> T decode(Object name, long bytes, Set<String> formats, Open open, Use<T> use) {
    if (bytes == 0) {
      throw new LaminaException(name + " is empty (0 bytes); remove it or copy it again");
    }
    try (ImageInputStream input = open.open()) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(input);
      ImageReader reader = readers.hasNext() ? readers.next() : null;
      if (reader == null || !formats.contains(Ascii.toLowerCase(reader.getFormatName()))) {
        throw new LaminaException(name + " is not a readable image; use PNG or JPEG, or remove it");
      }
      try {
        // Ignores metadata: the decoder would trust the lengths in it.
        reader.setInput(input, true, true);
        return use.apply(reader);
      } finally {
        reader.dispose();
      }
    } catch (LaminaException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // The JDK's decoders throw many exception types for damaged files, with messages that change
      // between versions.
      throw new LaminaException(name + " is a damaged image; remove it or copy it again", e);
    }
  }
}
