package dev.lamina.data;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.lamina.data.Listing.Item;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Decodes and resizes the images of a listing, in as many threads as there are processors, into
 * memory or into files. Beside the result, each thread holds one decoded image.
 */
final class ListingReader {
  /** Increase when decoding or resizing gives other pixels, so that no old file is used. */
  private static final int PIXELS_VERSION = 3;

  /**
   * A part of the listing.
   *
   * @param file the file of its decoded pixels; empty if they are to be in memory
   */
  private record Part(List<Item> items, Optional<Path> file) {
    boolean isDecoded() {
      return file.isPresent() && Files.exists(file.get());
    }
  }

  private final Listing listing;
  private final ReadOptions options;
  private final Preprocessing preprocessing;
  private final int height;
  private final int width;
  private final Optional<String> streaming;
  private final AtomicInteger decoded = new AtomicInteger();

  private ListingReader(Listing listing, ReadOptions options) {
    this.listing = listing;
    this.options = options;
    preprocessing = options.preprocessing().orElseGet(() -> sizeOfFirst(listing));
    height = preprocessing.resize().height();
    width = preprocessing.resize().width();
    long bytes = 3L * height * width;
    streaming =
        options.tooLarge(
            bytes * all(listing).count(),
            bytes * Math.max(listing.train().size(), listing.test().size()));
  }

  /**
   * Reads the images of a listing.
   *
   * @throws LaminaException if an image cannot be read, or images that are not resized have several
   *     sizes, or the cache cannot be written
   */
  static ImageData read(Listing listing, ReadOptions options) {
    return new ListingReader(listing, options).read();
  }

  /**
   * Reads the images of the test part alone.
   *
   * @throws LaminaException as {@link #read(Listing, ReadOptions)} does
   */
  static TestImages readTest(Listing listing, ReadOptions options) {
    ListingReader reader = new ListingReader(listing.testOnly(), options);
    long start = System.nanoTime();
    ImageSet images = reader.sets().get(0);
    return new TestImages(images, reader.report(start));
  }

  private ImageData read() {
    long start = System.nanoTime();
    List<ImageSet> sets = sets();
    return new ImageData(
        sets.get(0),
        listing.validation().isEmpty() ? Optional.empty() : Optional.of(sets.get(1)),
        sets.get(sets.size() - 1),
        report(start));
  }

  private ReadReport report(long start) {
    double seconds = (System.nanoTime() - start) / 1e9;
    return new ReadReport(listing.skipped(), decoded.get(), seconds, streaming);
  }

  /** Reads the parts that have images. */
  private List<ImageSet> sets() {
    List<Part> parts =
        Stream.of(listing.train(), listing.validation(), listing.test())
            .filter(items -> !items.isEmpty())
            .map(items -> new Part(items, file(items)))
            .toList();
    List<Item> pending =
        parts.stream()
            .filter(part -> !part.isDecoded())
            .flatMap(part -> part.items().stream())
            .toList();
    try {
      return parts.stream().map(part -> read(part, pending.size())).toList();
    } catch (OtherSizeException e) {
      throw otherSize(pending);
    }
  }

  /** Thrown by the first thread that comes upon an image of another size, to end all of them. */
  private static final class OtherSizeException extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /** Returns the size of the first image that has one. */
  private static Preprocessing sizeOfFirst(Listing listing) {
    Images.Size size =
        all(listing)
            .map(item -> size(item.file()))
            .flatMap(Optional::stream)
            .findFirst()
            .orElseGet(() -> Images.size(first(listing)));
    return Preprocessing.defaultFor(size.height(), size.width());
  }

  private static Path first(Listing listing) {
    return all(listing).findFirst().orElseThrow().file();
  }

  private static Stream<Item> all(Listing listing) {
    return Stream.of(listing.train(), listing.validation(), listing.test()).flatMap(List::stream);
  }

  /** Returns nothing for a damaged image: decoding reports it, with all others. */
  private static Optional<Images.Size> size(Path file) {
    try {
      return Optional.of(Images.size(file));
    } catch (LaminaException e) {
      return Optional.empty();
    }
  }

  /** Names the first image of another size, whichever was decoded first. */
  private LaminaException otherSize(List<Item> items) {
    Images.Size first = new Images.Size(height, width);
    for (Item item : items) {
      Images.Size size = size(item.file()).orElse(first);
      if (!size.equals(first)) {
        return new LaminaException(
            String.format(
                Locale.ROOT,
                "%s is %d x %d, but %s is %d x %d (width x height); give --image-size N, or Resize.cover(N) in Java, to scale all images to one size",
                Messages.printable(item.file()),
                size.width(),
                size.height(),
                Messages.printable(first(listing)),
                width,
                height));
      }
    }
    return new LaminaException(listing.root() + " has changed while it was read; open it again");
  }

  private Optional<Path> file(List<Item> items) {
    return options.streamed() || streaming.isPresent()
        ? Optional.of(options.cache().resolve(fingerprint(items) + PixelFile.SUFFIX))
        : Optional.empty();
  }

  /**
   * A hash of the preprocessing, and of the path, size and modification time of every image, so
   * that a changed folder gets a new file.
   */
  private String fingerprint(List<Item> items) {
    Hasher hasher =
        Hashing.murmur3_128()
            .newHasher()
            .putInt(PIXELS_VERSION)
            .putString(preprocessing.toString(), StandardCharsets.UTF_8);
    for (Item item : items) {
      try {
        BasicFileAttributes file = Files.readAttributes(item.file(), BasicFileAttributes.class);
        hasher
            .putString(item.file().toAbsolutePath().toString(), StandardCharsets.UTF_8)
            .putLong(file.size())
            .putLong(file.lastModifiedTime().to(TimeUnit.NANOSECONDS));
      } catch (IOException e) {
        throw new LaminaException(
            item.file() + " cannot be read (" + e + "); check its permissions", e);
      }
    }
    return hasher.hash().toString();
  }

  private ImageSet read(Part part, int total) {
    int[] labels = part.items().stream().mapToInt(Item::label).toArray();
    ImageSet set =
        part.file().isPresent()
            ? onDisk(part, part.file().get(), labels, total)
            : ImageSet.of(height, width, 3, inMemory(part, total), labels, listing.classNames());
    return set.preprocessing(preprocessing);
  }

  private byte[] inMemory(Part part, int total) {
    int bytes = 3 * height * width;
    byte[] pixels = new byte[bytes * part.items().size()];
    BadFiles bad = new BadFiles();
    IntStream.range(0, part.items().size())
        .parallel()
        .forEach(
            i -> {
              byte[] image = decode(part.items(), i, total, bad);
              System.arraycopy(image, 0, pixels, i * bytes, image.length);
            });
    bad.check(part.items().size());
    return pixels;
  }

  private ImageSet onDisk(Part part, Path file, int[] labels, int total) {
    int count = part.items().size();
    if (!part.isDecoded()) {
      BadFiles bad = new BadFiles();
      PixelFile.write(
          file,
          count,
          height,
          width,
          3,
          i -> decode(part.items(), i, total, bad),
          () -> bad.check(count));
    }
    return ImageSet.onDisk(
        height,
        width,
        3,
        PixelFile.open(file, count, height, width, 3),
        labels,
        listing.classNames());
  }

  /** Returns an empty array for an image that cannot be read. */
  private byte[] decode(List<Item> items, int index, int total, BadFiles bad) {
    Path file = items.get(index).file();
    try {
      RgbImage image = Images.decode(file, preprocessing.upright());
      if (options.preprocessing().isEmpty()
          && (image.height() != height || image.width() != width)) {
        throw new OtherSizeException();
      }
      return preprocessing.apply(ImageName.of(file), image);
    } catch (LaminaException e) {
      bad.add(index, file, e);
      return new byte[0];
    } finally {
      options.listener().onDecoded(decoded.incrementAndGet(), total);
    }
  }
}
