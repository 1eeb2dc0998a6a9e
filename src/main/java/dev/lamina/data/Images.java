package dev.lamina.data;

import com.google.common.primitives.Bytes;
import com.google.common.primitives.Ints;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Decodes image files: PNG, JPEG, GIF and WebP (the first picture), BMP and TIFF. The pixels are
 * those of Pillow's {@code convert("RGB")}: greyscale and palettes become RGB, of 16 bits the high
 * 8 remain, alpha is dropped, colour profiles are not applied, TIFFs are turned upright. PNG and
 * JPEG files give the same bytes as TensorFlow's decoder in exports.
 */
public final class Images {
  /**
   * A progressive JPEG has about 10 scans. Decoding each one visits all pixels however short the
   * scan is, so a few megabytes could take hours.
   */
  private static final int MAX_SCANS = 100;

  /** The bytes at the start of a file in which its size is looked for. */
  private static final int HEAD = 1 << 16;

  /** 67 megapixels: phones take 50. */
  static final long MAX_PIXELS = 1 << 26;

  /** The memory that decoding takes: at most 8 bytes per pixel, and 3 for the result. */
  private static final int BYTES_PER_PIXEL = 11;

  /** What is decoded at one time, in all threads, takes at most half of the heap. */
  private static final int PIXELS_AT_ONCE =
      Ints.saturatedCast(Runtime.getRuntime().maxMemory() / 2 / BYTES_PER_PIXEL);

  /** The position of the flags in a WebP file of the extended format, and the flag of a profile. */
  private static final int WEBP_FLAGS = 20;

  private static final int WEBP_PROFILE = 0x20;

  private static final Semaphore MEMORY = new Semaphore(PIXELS_AT_ONCE, true);

  private Images() {}

  /**
   * Returns the pixels of an image as RGB bytes in row-major order: the stored values, without
   * colour management. The alpha channel is dropped.
   */
  public static byte[] pixels(BufferedImage image) {
    return Rasters.rgb(image);
  }

  /**
   * Reads the RGB pixels of an image file of a given size.
   *
   * @throws LaminaException if the file is missing, is not an image, or has another size
   */
  public static byte[] read(Path file, int height, int width) {
    RgbImage image = decode(file, false);
    if (image.height() != height || image.width() != width) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s must be %d x %d (width x height), is %d x %d; scale it first",
              ImageName.of(file),
              width,
              height,
              image.width(),
              image.height()));
    }
    return image.pixels();
  }

  /**
   * Reads an image file of any size, and prepares it.
   *
   * @return the RGB pixels, height x width x 3 bytes
   * @throws LaminaException if the file is missing or is not a readable image, or its sides differ
   *     too much to be resized
   */
  public static byte[] read(Path file, Preprocessing preprocessing) {
    return prepare(ImageName.of(file), bytes(file), preprocessing);
  }

  /**
   * Decodes an image file in memory, which need not be trusted, and prepares it.
   *
   * @param name its name in messages
   * @return the RGB pixels, height x width x 3 bytes
   * @throws LaminaException if it is not a readable image, is too large, is too short for the size
   *     in its header, has so many scans that decoding it takes minutes, or has sides that differ
   *     too much to be resized
   */
  public static byte[] read(String name, byte[] file, Preprocessing preprocessing) {
    return prepare(new ImageName(Messages.printable(name), ""), file, preprocessing);
  }

  private static byte[] prepare(ImageName name, byte[] file, Preprocessing preprocessing) {
    return decode(name, file, preprocessing.upright(), image -> preprocessing.apply(name, image));
  }

  /** An image size in pixels. */
  record Size(int height, int width) {}

  /**
   * Reads the size of an image file from its header, in most cases from the first {@value #HEAD}
   * bytes of the file alone.
   *
   * @throws LaminaException if the file is missing, is not an image, is too large, or is too short
   *     for the size in its header
   */
  static Size size(Path file) {
    try (InputStream in = open(file)) {
      byte[] head = in.readNBytes(HEAD);
      if (head.length == HEAD) {
        try {
          return size(file, head, Files.size(file));
        } catch (LaminaException e) {
          // The header is longer, or the file is damaged: all of it tells which.
        }
      }
      byte[] bytes = Bytes.concat(head, in.readAllBytes());
      return size(file, bytes, bytes.length);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static Size size(Path file, byte[] head, long length) {
    ImageName name = ImageName.of(file);
    return use(name, head, (input, reader) -> shown(size(name, length, input, reader), input));
  }

  private static Size shown(Size stored, Input input) {
    return input.orientation() >= 5
        ? new Size(/* height= */ stored.width(), /* width= */ stored.height())
        : stored;
  }

  /** Reads the pixels of an image file of any size; fails as {@link #size(Path)} does. */
  static byte[] read(Path file) {
    return decode(file, false).pixels();
  }

  /**
   * Returns the orientation that a file has in its EXIF data: 1 if it is upright or has none; 2 to
   * 8 as EXIF defines them. Returns 1 for TIFF, whose orientation is always applied.
   *
   * @throws LaminaException if the file is missing or cannot be read
   */
  public static int orientation(Path file) {
    byte[] bytes = bytes(file);
    try {
      return orientation(bytes, JpegFile.is(bytes) ? JpegFile.parse(bytes) : null);
    } catch (IOException e) {
      return 1;
    }
  }

  private static int orientation(byte[] file, @Nullable JpegFile jpeg) {
    return jpeg == null ? Exif.orientation(file) : Exif.ofTiff(jpeg.exif());
  }

  private static byte[] bytes(Path file) {
    try (InputStream in = open(file)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static InputStream open(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new LaminaException(
          ImageName.of(file) + " does not exist or is not a file; check the path");
    }
    return Files.newInputStream(file);
  }

  private static LaminaException unreadable(Path file, IOException e) {
    return new LaminaException(
        ImageName.of(file)
            + " cannot be read ("
            + Messages.singleLine(e.toString())
            + "); check its permissions",
        e);
  }

  /** Decodes an image file of any size, and turns it upright if that is asked for. */
  static RgbImage decode(Path file, boolean upright) {
    return decode(ImageName.of(file), bytes(file), upright, image -> image);
  }

  /** Decodes and uses an image file, whose memory counts until then. */
  private static <T> T decode(
      ImageName name, byte[] file, boolean upright, Function<RgbImage, T> then) {
    AtomicInteger held = new AtomicInteger();
    try {
      RgbImage decoded =
          use(
              name,
              file,
              (input, reader) -> {
                Size size = size(name, file.length, input, reader);
                checkScans(name, input);
                int pixels = size.height() * size.width();
                checkMemory(name, size, pixels);
                MEMORY.acquireUninterruptibly(pixels);
                held.set(pixels);
                RgbImage image =
                    new RgbImage(size.height(), size.width(), pixels(input, reader))
                        .upright(input.orientation());
                return upright ? image.upright(orientation(file, input.jpeg())) : image;
              });
      return then.apply(decoded);
    } finally {
      MEMORY.release(held.get());
    }
  }

  private static void checkMemory(ImageName name, Size size, int pixels) {
    if (pixels > PIXELS_AT_ONCE) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s is %d x %d (width x height); to decode it takes %d MB, more than half of the heap of %d MB; scale it"
                  + " first, or raise -Xmx",
              name,
              size.width(),
              size.height(),
              ((long) pixels * BYTES_PER_PIXEL) >> 20,
              Runtime.getRuntime().maxMemory() >> 20));
    }
  }

  private static byte[] pixels(Input input, ImageReader reader) throws IOException {
    JpegFile jpeg = input.jpeg();
    if (input.format() == ImageFormat.GIF) {
      return GifScreen.of(reader).show(complete(reader, () -> reader.read(0)));
    }
    if (jpeg == null || !jpeg.isCmyk()) {
      BufferedImage image = complete(reader, () -> reader.read(0));
      return input
          .palette()
          .map(colors -> Rasters.ofPalette(image.getRaster(), colors))
          .orElseGet(() -> Rasters.rgbInPlace(image));
    }
    return Rasters.cmyk(
        complete(reader, () -> reader.readRaster(0, null)), jpeg.isYcc(), jpeg.isInverted());
  }

  /** Returns the size of the stored image, whatever its orientation. */
  private static Size size(ImageName name, long length, Input input, ImageReader reader)
      throws IOException {
    Size size = size(input, reader);
    if (size.height() == 0 || size.width() == 0) {
      throw new IOException("its header has no size");
    }
    long pixels = (long) size.height() * size.width();
    if (pixels > MAX_PIXELS) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s is %d x %d (width x height), must have at most %d pixels; scale it first",
              name,
              size.width(),
              size.height(),
              MAX_PIXELS));
    }
    if (pixels > input.format().maxPixelsPerByte() * length) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s has only %d bytes, too few for the %d x %d pixels (width x height) in its header; copy it again, or save it as PNG or JPEG",
              name,
              length,
              size.width(),
              size.height()));
    }
    return size;
  }

  private static Size size(Input input, ImageReader reader) throws IOException {
    JpegFile jpeg = input.jpeg();
    if (jpeg != null) {
      return new Size(jpeg.height(), jpeg.width());
    }
    if (input.format() == ImageFormat.GIF) {
      GifScreen screen = GifScreen.of(reader);
      return new Size(screen.height(), screen.width());
    }
    return new Size(reader.getHeight(0), reader.getWidth(0));
  }

  private static void checkScans(ImageName name, Input input) {
    JpegFile jpeg = input.jpeg();
    if (jpeg != null && jpeg.scans() > MAX_SCANS) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s has %d scans, must have at most %d; save it as a baseline JPEG",
              name,
              jpeg.scans(),
              MAX_SCANS));
    }
  }

  private interface Reading<T> {
    T read() throws IOException;
  }

  /**
   * Reads an image and fails if it is truncated: for a JPEG the decoder only warns, and fills the
   * rest with grey.
   */
  private static <T> T complete(ImageReader reader, Reading<T> reading) throws IOException {
    List<String> warnings = new ArrayList<>();
    reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
    T image = reading.read();
    for (String warning : warnings) {
      if (warning.startsWith("Truncated File")) {
        throw new IOException(warning);
      }
    }
    return image;
  }

  /** What a decoder reads: the file, a JPEG without its metadata, or a WebP without its profile. */
  private record Input(ImageFormat format, @Nullable JpegFile jpeg, @Nullable TiffFile tiff) {
    static Input of(ImageFormat format, byte[] file) throws IOException {
      if (format == ImageFormat.TIFF) {
        TiffFile tiff = new TiffFile(ByteBuffer.wrap(file));
        tiff.checkLengths();
        tiff.checkPixels();
        return new Input(format, null, tiff);
      }
      return new Input(format, format == ImageFormat.JPEG ? JpegFile.parse(file) : null, null);
    }

    /** The orientation that is always applied: that of a TIFF, as in Pillow. */
    int orientation() {
      return tiff == null ? 1 : tiff.orientation();
    }

    /** The palette of a TIFF, if it has one. */
    Optional<int[]> palette() throws IOException {
      return tiff == null ? Optional.empty() : tiff.palette();
    }

    ImageInputStream stream(byte[] file) {
      if (jpeg != null) {
        return new BoundedStream(jpeg.normalized());
      }
      return new BoundedStream(format == ImageFormat.WEBP ? withoutProfile(file) : file);
    }
  }

  /**
   * Returns a WebP file whose header says that it has no colour profile, since the decoder would
   * apply it.
   */
  private static byte[] withoutProfile(byte[] webp) {
    if (webp.length <= WEBP_FLAGS
        || !new String(webp, 12, 4, StandardCharsets.ISO_8859_1).equals("VP8X")
        || (webp[WEBP_FLAGS] & WEBP_PROFILE) == 0) {
      return webp;
    }
    byte[] without = webp.clone();
    without[WEBP_FLAGS] = (byte) (without[WEBP_FLAGS] & ~WEBP_PROFILE);
    return without;
  }

  private interface Use<T> {
    T apply(Input input, ImageReader reader) throws IOException;
  }

  private static <T> T use(ImageName name, byte[] file, Use<T> use) {
    ImageFormat format = ImageFormat.of(name, file);
    try {
      Input input = Input.of(format, file);
      try (ImageInputStream stream = input.stream(file)) {
        ImageReader reader = format.reader();
        try {
          // Ignores metadata: the decoder would trust the lengths in it.
          reader.setInput(stream, true, true);
          return use.apply(input, reader);
        } finally {
          reader.dispose();
        }
      }
    } catch (LaminaException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // Decoders throw many exception types for damaged files.
      String reason = Objects.requireNonNullElse(e.getMessage(), e.getClass().getSimpleName());
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s cannot be decoded as %s (%s); save it again as PNG or JPEG, or remove it if it is damaged",
              name,
              format,
              Messages.singleLine(reason)),
          e);
    }
  }
}
