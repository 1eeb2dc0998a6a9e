package dev.lamina.data;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/** Decodes image files. */
public final class Images {
  private Images() {}

  /** The pixels of an image as RGB bytes, row after row. Transparency is dropped. */
  public static byte[] pixels(BufferedImage image) {
    int width = image.getWidth();
    if (image.getColorModel().getColorSpace().getType() == ColorSpace.TYPE_GRAY) {
      return grey(image);
    }
    int[] rgb = image.getRGB(0, 0, width, image.getHeight(), null, 0, width);
    byte[] pixels = new byte[3 * rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      pixels[3 * i] = (byte) (rgb[i] >> 16);
      pixels[3 * i + 1] = (byte) (rgb[i] >> 8);
      pixels[3 * i + 2] = (byte) rgb[i];
    }
    return pixels;
  }

  /** The stored values; the JDK would take grey for linear light and brighten it. */
  private static byte[] grey(BufferedImage image) {
    int width = image.getWidth();
    int[] samples = image.getRaster().getSamples(0, 0, width, image.getHeight(), 0, (int[]) null);
    int surplusBits = image.getColorModel().getComponentSize(0) - 8;
    byte[] pixels = new byte[3 * samples.length];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (samples[i / 3] >> surplusBits);
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

  /** The size of an image file, from its header alone: what it promises is not yet allocated. */
  static Size size(Path file) {
    return decode(file, reader -> new Size(reader.getHeight(0), reader.getWidth(0)));
  }

  static byte[] read(Path file) {
    return decode(file, reader -> pixels(whole(reader)));
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

  private static <T> T decode(Path file, Use<T> use) {
    if (!Files.isRegularFile(file)) {
      throw new DataException(file + " does not exist or is no file; check the path");
    }
    try {
      if (Files.size(file) == 0) {
        throw new DataException(file + " is empty (0 bytes); remove it or copy it again");
      }
      try (ImageInputStream input = ImageIO.createImageInputStream(file.toFile())) {
        Iterator<ImageReader> readers = ImageIO.getImageReaders(input);
        if (!readers.hasNext()) {
          throw new DataException(
              file + " is no image that can be read; use PNG or JPEG, or remove it");
        }
        ImageReader reader = readers.next();
        try {
          reader.setInput(input);
          return use.apply(reader);
        } finally {
          reader.dispose();
        }
      }
    } catch (DataException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // The JDK's decoders answer damaged files with all kinds, in words that differ by version.
      throw new DataException(file + " is a damaged image; remove it or copy it again", e);
    }
  }
}
