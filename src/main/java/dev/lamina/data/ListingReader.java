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
import java.util.ArrayList;
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
  private static final int PIXELS_VERSION = 5;

  /**
   * A part of the listing.
   *
   * @param file the file of its decoded pixels; empty if they are to be in memory
   * @param first the position of its first image among those of all parts
   */
  private record Part(List<Item> items, Optional<Path> file, int first) {
    boolean isDecoded() {
      return file.isPresent() && Files.exists(file.get());
    }

    /** The positions of its images. */
    IntStream positions() {
      return IntStream.range(first, first + items.size()).parallel();
    }
  }

  private final Listing listing;
  private final ReadOptions options;
  private final Preprocessing preprocessing;
  private final int height;
  private final int width;
  private final Optional<String> streaming;
  private final List<Item> all = new ArrayList<>();
  private final List<Part> parts = new ArrayList<>();
  private final int pending;
  private final BadFiles bad = new BadFiles();
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
            bytes * parts(listing).mapToInt(List::size).max().orElseThrow());
    parts(listing)
        .filter(items -> !items.isEmpty())
        .forEach(
            items -> {
              parts.add(new Part(items, file(items), all.size()));
              all.addAll(items);
            });
    pending =
        parts.stream().filter(part -> !part.isDecoded()).mapToInt(p -> p.items().size()).sum();
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
    try {
      return parts.stream().map(this::read).toList();
    } catch (OtherSizeException e) {
      throw otherSize();
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
    return parts(listing).flatMap(List::stream);
  }

  private static Stream<List<Item>> parts(Listing listing) {
    return Stream.of(listing.train(), listing.validation(), listing.test());
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
  private LaminaException otherSize() {
    Images.Size first = new Images.Size(height, width);
    for (Item item : all) {
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
    if (!options.streamed() && streaming.isEmpty()) {
      return Optional.empty();
    }
    String name = fingerprint(items);
    Path ofOneSize = options.cache().resolve(name + PixelFile.SUFFIX);
    // Images that had one size are not changed by this preprocessing; what was resized may have had
    // several, which is to be noticed where none is given.
    return Optional.of(
        options.preprocessing().isEmpty() || Files.exists(ofOneSize)
            ? ofOneSize
            : options.cache().resolve(name + "-resized" + PixelFile.SUFFIX));
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

  private ImageSet read(Part part) {
    int[] labels = part.items().stream().mapToInt(Item::label).toArray();
    ImageSet set =
        part.file().isPresent()
            ? ImageSet.onDisk(
                height, width, 3, onDisk(part, part.file().get()), labels, listing.classNames())
            : ImageSet.of(height, width, 3, inMemory(part), labels, listing.classNames());
    return set.preprocessing(preprocessing);
  }

  private byte[] inMemory(Part part) {
    int bytes = 3 * height * width;
    byte[] pixels = new byte[bytes * part.items().size()];
    part.positions()
        .forEach(
            i -> {
              byte[] image = decode(i);
              System.arraycopy(image, 0, pixels, (i - part.first()) * bytes, image.length);
            });
    check(part);
    return pixels;
  }

  private PixelFile onDisk(Part part, Path file) {
    int count = part.items().size();
    return PixelFile.of(
        file, count, height, width, 3, i -> decode(part.first() + i), () -> check(part));
  }

  /** Throws if an image cannot be read, after decoding the parts behind to count them all. */
  private void check(Part part) {
    if (!bad.isEmpty()) {
      parts.stream()
          .filter(other -> other.first() > part.first() && !other.isDecoded())
          .forEach(other -> other.positions().forEach(this::decode));
      bad.check(pending);
    }
  }

  /** Returns the pixels of the image at a position; an empty array if it cannot be read. */
  private byte[] decode(int position) {
    Path file = all.get(position).file();
    try {
      RgbImage image = Images.decode(file, preprocessing.upright());
      if (options.preprocessing().isEmpty()
          && (image.height() != height || image.width() != width)) {
        throw new OtherSizeException();
      }
      return preprocessing.apply(ImageName.of(file), image);
    } catch (LaminaException e) {
      bad.add(position, file, e);
      return new byte[0];
    } finally {
      options.listener().onDecoded(decoded.incrementAndGet(), pending);
    }
  }
}
