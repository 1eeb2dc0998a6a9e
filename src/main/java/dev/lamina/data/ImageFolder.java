package dev.lamina.data;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.lamina.io.LaminaException;
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
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Images in folders named after their classes: {@code train|test/CLASS/*.png|jpg}, or {@code
 * CLASS/*.png|jpg}. In the second layout a fixed tenth of each class becomes the test set. Classes
 * are sorted by name; all images must have one size.
 */
final class ImageFolder {
  private static final double TEST_SHARE = 0.1;
  private static final List<String> VALIDATION = List.of("validation", "val");

  private record Item(Path file, int label) {}

  private ImageFolder() {}

  static boolean isIn(Path folder) {
    return Files.isDirectory(folder)
        && (Files.isDirectory(folder.resolve("train"))
            || Files.isDirectory(folder.resolve("test"))
            || folders(folder).stream().anyMatch(inner -> !images(inner).isEmpty()));
  }

  static ImageData open(Path folder) {
    return open(folder, null);
  }

  static ImageData streamed(Path folder, Path cache) {
    return open(folder, cache);
  }

  private static ImageData open(Path folder, @Nullable Path cache) {
    Path train = folder.resolve("train");
    Path test = folder.resolve("test");
    if (!Files.isDirectory(train) && !Files.isDirectory(test)) {
      return split(folder, read(folder, cache));
    }
    for (Path part : List.of(train, test)) {
      if (!Files.isDirectory(part)) {
        throw new LaminaException(
            part
                + " is missing; put the images into train/CLASS/ and test/CLASS/, or all into CLASS/");
      }
    }
    Optional<Path> validation =
        VALIDATION.stream().map(folder::resolve).filter(Files::isDirectory).findFirst();
    validation.ifPresent(part -> checkClasses(folder, train, part));
    checkClasses(folder, train, test);
    ImageSet trained = read(train, cache);
    return new ImageData(
        trained,
        validation.map(part -> like(folder, trained, part, cache)),
        like(folder, trained, test, cache));
  }

  private static void checkClasses(Path folder, Path train, Path part) {
    List<String> different = names(train);
    List<String> others = names(part);
    if (!different.equals(others)) {
      List<String> common = different.stream().filter(others::contains).toList();
      throw new LaminaException(
          String.format(
              "%s must have the same classes in train and %s, only in train: %s, only in %s: %s; add or remove folders",
              folder,
              part.getFileName(),
              without(different, common),
              part.getFileName(),
              without(others, common)));
    }
  }

  private static List<String> without(List<String> names, List<String> common) {
    return names.stream().filter(name -> !common.contains(name)).toList();
  }

  /** Reads a part, whose images must be as large as those that are trained on. */
  private static ImageSet like(Path folder, ImageSet train, Path part, @Nullable Path cache) {
    ImageSet images = read(part, cache);
    if (train.height() != images.height() || train.width() != images.width()) {
      throw new LaminaException(
          String.format(
              "%s has images of %d x %d in train and of %d x %d in %s (width x height); scale all images to one size",
              folder,
              train.width(),
              train.height(),
              images.width(),
              images.height(),
              part.getFileName()));
    }
    return images;
  }

  private static ImageData split(Path folder, ImageSet all) {
    int[] counts = new int[all.classes()];
    for (int label : all.labels()) {
      counts[label]++;
    }
    for (int label = 0; label < counts.length; label++) {
      if (counts[label] < 2) {
        throw new LaminaException(
            folder.resolve(all.classNames().get(label))
                + " must have at least 2 images, one of them to test with, got 1; add images, or make"
                + " train/CLASS/ and test/CLASS/");
      }
    }
    ImageSet.Split split = all.split(TEST_SHARE, 0);
    return new ImageData(split.train(), split.validation());
  }

  private static ImageSet read(Path folder, @Nullable Path cache) {
    List<String> names = names(folder);
    if (names.size() < 2) {
      throw new LaminaException(
          folder + " must have a folder for each of at least 2 classes, got " + names);
    }
    List<Item> items = items(folder, names);
    Images.Size size = Images.size(items.get(0).file());
    return cache == null ? inMemory(folder, items, size, names) : onDisk(cache, items, size, names);
  }

  private static List<Item> items(Path folder, List<String> names) {
    List<Item> items = new ArrayList<>();
    for (int label = 0; label < names.size(); label++) {
      Path classFolder = folder.resolve(names.get(label));
      List<Path> files = images(classFolder);
      if (files.isEmpty()) {
        throw new LaminaException(
            classFolder + " has no PNG or JPEG images; add some or remove the folder");
      }
      for (Path file : files) {
        items.add(new Item(file, label));
      }
    }
    return items;
  }

  private static ImageSet inMemory(
      Path folder, List<Item> items, Images.Size size, List<String> names) {
    if ((long) size.height() * size.width() > Integer.MAX_VALUE / 3 / items.size()) {
      throw new LaminaException(
          String.format(
              "%s has %d images of %d x %d, more than the 2 GB that fit in memory; stream them from disk, or use fewer or smaller ones",
              folder, items.size(), size.width(), size.height()));
    }
    // Decodes one image before allocating memory for all, so that a false header cannot exhaust it.
    Path first = items.get(0).file();
    int bytes = Images.read(first).length;
    byte[] pixels = allocate(folder, bytes * items.size());
    Optional<LaminaException> failure =
        IntStream.range(0, items.size())
            .parallel()
            .mapToObj(i -> copy(items.get(i).file(), first, size, pixels, i * bytes))
            .flatMap(Optional::stream)
            .findFirst();
    if (failure.isPresent()) {
      throw failure.get();
    }
    return ImageSet.of(
        size.height(),
        size.width(),
        3,
        pixels,
        items.stream().mapToInt(Item::label).toArray(),
        names);
  }

  /** Allocates an array that may exceed the heap. */
  private static byte[] allocate(Path folder, int bytes) {
    try {
      return new byte[bytes];
    } catch (OutOfMemoryError e) {
      throw new LaminaException(
          String.format(
              "%s has %,d bytes of pixels, more than fit in the Java heap of %,d; stream them from disk, or raise -Xmx",
              folder, bytes, Runtime.getRuntime().maxMemory()),
          e);
    }
  }

  /**
   * Opens the cache file of these images, writing it first if it does not exist. Its name is their
   * {@link #fingerprint}.
   */
  private static ImageSet onDisk(
      Path cache, List<Item> items, Images.Size size, List<String> names) {
    Path first = items.get(0).file();
    Path file = cache.resolve(fingerprint(items) + ".idx4-ubyte");
    if (!Files.exists(file)) {
      PixelFile.write(
          file,
          items.size(),
          size.height(),
          size.width(),
          3,
          i -> decode(items.get(i).file(), first, size));
    }
    return ImageSet.onDisk(
        size.height(),
        size.width(),
        3,
        PixelFile.open(file, items.size(), size.height(), size.width(), 3),
        items.stream().mapToInt(Item::label).toArray(),
        names);
  }

  /** A hash of the path, size and modification time of every image. */
  private static String fingerprint(List<Item> items) {
    Hasher hasher = Hashing.murmur3_128().newHasher();
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

  /**
   * Copies an image, or returns the failure, so that the first of several bad files is reported.
   */
  private static Optional<LaminaException> copy(
      Path file, Path first, Images.Size size, byte[] into, int offset) {
    try {
      byte[] image = decode(file, first, size);
      System.arraycopy(image, 0, into, offset, image.length);
      return Optional.empty();
    } catch (LaminaException e) {
      return Optional.of(e);
    }
  }

  private static byte[] decode(Path file, Path first, Images.Size size) {
    Images.Size own = Images.size(file);
    if (!own.equals(size)) {
      throw new LaminaException(
          String.format(
              "%s is %d x %d, but %s is %d x %d (width x height); scale all images to one size",
              file, own.width(), own.height(), first, size.width(), size.height()));
    }
    return Images.read(file);
  }

  private static List<String> names(Path folder) {
    return folders(folder).stream().map(inner -> inner.getFileName().toString()).toList();
  }

  private static List<Path> folders(Path folder) {
    return list(folder).stream().filter(Files::isDirectory).toList();
  }

  private static List<Path> images(Path folder) {
    return list(folder).stream()
        .filter(Files::isRegularFile)
        .filter(
            file ->
                file.getFileName().toString().toLowerCase(Locale.ROOT).matches(".*\\.(png|jpe?g)"))
        .toList();
  }

  /** The visible entries of a folder, sorted by name. */
  private static List<Path> list(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> !file.getFileName().toString().startsWith(".")).sorted().toList();
    } catch (IOException e) {
      throw new LaminaException(folder + " cannot be read (" + e + "); check its permissions", e);
    }
  }
}
