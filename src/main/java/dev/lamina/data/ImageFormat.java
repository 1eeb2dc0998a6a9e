package dev.lamina.data;

import com.google.common.base.Ascii;
import com.google.common.collect.ImmutableSet;
import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import dev.lamina.io.LaminaException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import org.jspecify.annotations.Nullable;

/** The formats of image files that are read, recognised by their first bytes. */
enum ImageFormat {
  PNG("\u0089PNG\r\n", "png", "png"),
  JPEG("\u00ff\u00d8\u00ff", "jpeg", "jpg", "jpeg", "jpe", "jfif"),
  GIF("GIF8[79]a", "gif", "gif"),
  BMP("BM", "bmp", "bmp", "dib"),
  TIFF("II\\*\0|MM\0\\*", "tiff", "tif", "tiff"),
  WEBP("RIFF....WEBP", "webp", "webp");

  /** Bytes 4 to 11 of HEIC and AVIF files. */
  private static final Pattern HEIF =
      Pattern.compile("ftyp(heic|heix|hevc|heim|heis|mif1|msf1|avif|avis)");

  private static final int MAGIC = 12;

  private final Pattern magic;
  private final String readerName;
  private final ImmutableSet<String> extensions;

  ImageFormat(String magic, String readerName, String... extensions) {
    this.magic = Pattern.compile(magic, Pattern.DOTALL);
    this.readerName = readerName;
    this.extensions = ImmutableSet.copyOf(extensions);
  }

  private static String text(byte[] file, int from) {
    int end = Math.min(file.length, MAGIC);
    return from >= end ? "" : new String(file, from, end - from, StandardCharsets.ISO_8859_1);
  }

  /** Returns the format of a file; empty if it is none of these. */
  static Optional<ImageFormat> of(byte[] file) {
    String start = text(file, 0);
    return Stream.of(values())
        .filter(format -> format.magic.matcher(start).lookingAt())
        .findFirst();
  }

  /**
   * Returns the format of a file that is to be read.
   *
   * @throws LaminaException if it is none of these, or the file has the name of another
   */
  static ImageFormat of(ImageName name, byte[] file) {
    if (file.length == 0) {
      throw new LaminaException(name + " is empty (0 bytes); remove it or copy it again");
    }
    if (isHeif(file)) {
      throw new LaminaException(
          name + " is a HEIC or AVIF image, which is not read; convert it to JPEG or PNG");
    }
    ImageFormat format =
        of(file)
            .orElseThrow(
                () ->
                    new LaminaException(
                        name
                            + " is not an image of a known format (PNG, JPEG, GIF, BMP, TIFF, WebP);"
                            + " convert it to PNG or JPEG, or remove it"));
    if (!format.mayHaveOtherName()
        && !name.extension().isEmpty()
        && !format.extensions.contains(name.extension())) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s is a %s image with the name of another format; rename it to .%s or convert it",
              name,
              format,
              Ascii.toLowerCase(format.name())));
    }
    return format;
  }

  /** Whether a file is of the formats of newer phones, which Java has no decoder for. */
  private static boolean isHeif(byte[] file) {
    return HEIF.matcher(text(file, 4)).lookingAt();
  }

  /**
   * The most pixels that a byte of a file may stand for. Deflate compresses at most 1032:1, and a
   * byte holds at most 8 pixels; a blank page as a fax has 1 bit a row, in TIFF. A lossless WebP of
   * one colour takes some dozens of bytes, whatever its size.
   */
  long maxPixelsPerByte() {
    return switch (this) {
      case WEBP -> Images.MAX_PIXELS;
      case TIFF -> 20_000;
      default -> 10_000;
    };
  }

  /**
   * Whether other programs find out by the content that a file has the extension of another format.
   * TensorFlow and Keras do so for these formats, and fail for TIFF and WebP.
   */
  private boolean mayHaveOtherName() {
    return this != TIFF && this != WEBP;
  }

  /**
   * Returns a reader: the JDK's own, whatever plugins are on the class path, so that pixels do not
   * depend on them.
   */
  ImageReader reader() throws IOException {
    if (this == WEBP) {
      return new WebPImageReaderSpi().createReaderInstance(null);
    }
    @Nullable ImageReader own = null;
    for (var readers = ImageIO.getImageReadersByFormatName(readerName); readers.hasNext(); ) {
      ImageReader reader = readers.next();
      if (own == null && reader.getClass().getModule().equals(ImageIO.class.getModule())) {
        own = reader;
      }
    }
    if (own == null) {
      throw new IOException("this Java has no reader for " + name());
    }
    return own;
  }
}
