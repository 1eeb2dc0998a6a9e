package dev.lamina.data;

import com.google.common.base.Ascii;
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
  /** The formats of the JDK whose decoders are fit for files that nobody vouches for. */
  private static final Set<String> FORMATS = Set.of("png", "jpeg", "gif", "bmp");

  /** Those of them that TensorFlow decodes one picture of, of the size in the header. */
  private static final Set<String> WEB_FORMATS = Set.of("png", "jpeg");

  /**
   * A progressive JPEG has about 10. Each passes over all pixels, however short it is, so that a
   * few megabytes could take hours.
   */
  private static final int MOST_SCANS = 100;

  /**
   * A camera's 32 megapixels; decoding takes 400 MB at most, 8 bytes a pixel and 3 for the result.
   */
  private static final long MOST_PIXELS = 1 << 25;

  /**
   * No PNG or JPEG can hold more: deflate packs 8 pixels of 1 bit into 1/1032 of a byte at best.
   */
  private static final long MOST_PIXELS_PER_BYTE = 10_000;

  private Images() {}

  /** The pixels of an image as RGB bytes, row after row. Transparency is dropped. */
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

  /** The stored values; the JDK would take grey for linear light and brighten it. */
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
   * The RGB pixels of an image file of a given size.
   *
   * @throws DataException where the file is missing, no image, or of another size
   */
  public static byte[] read(Path file, int height, int width) {
    Size size = size(file);
    if (size.height() != height || size.width() != width) {
      throw new DataException(
          String.format(
              "%s must be %d x %d (width x height), is %d x %d; scale it first",
              file, width, height, size.width(), size.height()));
    }
    return read(file);
  }

  /** The size of an image, in pixels. */
  record Size(int height, int width) {}

  /**
   * The size of an image file, from its header alone: no memory is taken for its pixels.
   *
   * @throws DataException where the file is missing, no image, too large, or so short that it
   *     cannot hold what it promises
   */
  static Size size(Path file) {
    return decode(file, reader -> size(file, Files.size(file), reader));
  }

  /** The pixels of an image file whatever its size; else as {@link #size(Path)}. */
  static byte[] read(Path file) {
    return decode(
        file,
        reader -> {
          size(file, Files.size(file), reader);
          return pixels(whole(reader));
        });
  }

  /**
   * Checks an image file in memory by its header alone: no memory is taken for its pixels.
   *
   * @param name what messages call it
   * @param file PNG or JPEG
   * @throws DataException where it is neither, too large, so short that it cannot hold what it
   *     promises, or has so many scans that decoding it takes minutes
   */
  public static void check(String name, byte[] file) {
    decode(
        name,
        file.length,
        WEB_FORMATS,
        () -> new MemoryCacheImageInputStream(new ByteArrayInputStream(file)),
        reader -> size(name, file.length, reader));
    int scans = scans(file);
    if (scans > MOST_SCANS) {
      throw new DataException(
          String.format(
              "%s has %d scans, must have at most %d; save it as a baseline JPEG",
              name, scans, MOST_SCANS));
    }
  }

  /** The scans of a JPEG, whose marker cannot occur inside one; 0 where it is a PNG. */
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
    if (pixels > MOST_PIXELS) {
      throw new DataException(
          String.format(
              "%s is %d x %d (width x height), must have at most %d pixels; scale it first",
              file, size.width(), size.height(), MOST_PIXELS));
    }
    if (pixels > MOST_PIXELS_PER_BYTE * bytes) {
      throw new DataException(
          String.format(
              "%s is damaged: it promises %d x %d pixels (width x height) in %d bytes; remove it or copy it again",
              file, size.width(), size.height(), bytes));
    }
    return size;
  }

  /**
   * An image of which nothing is missing: the decoder only warns of a cut JPEG and makes its rest
   * grey.
   */
  private static BufferedImage whole(ImageReader reader) throws IOException {
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
      throw new DataException(file + " does not exist or is no file; check the path");
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
      throw new DataException(name + " is empty (0 bytes); remove it or copy it again");
    }
    try (ImageInputStream input = open.open()) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(input);
      ImageReader reader = readers.hasNext() ? readers.next() : null;
      if (reader == null || !formats.contains(Ascii.toLowerCase(reader.getFormatName()))) {
        throw new DataException(
            name + " is no image that can be read; use PNG or JPEG, or remove it");
      }
      try {
        // Without metadata, whose lengths the decoder would believe.
        reader.setInput(input, true, true);
        return use.apply(reader);
      } finally {
        reader.dispose();
      }
    } catch (DataException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // The JDK's decoders answer damaged files with all kinds, in words that differ by version.
      throw new DataException(name + " is a damaged image; remove it or copy it again", e);
    }
  }
}
