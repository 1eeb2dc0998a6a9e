package dev.lamina.data;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
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
 * CLASS/*.png|jpg}, of which a tenth of each class, always the same images, becomes the test set.
 * Classes are sorted by name; all images must have one size.
 */
final class ImageFolder {
  private static final double TEST_SHARE = 0.1;

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
        throw new DataException(
            part
                + " is missing; put the images into train/CLASS/ and test/CLASS/, or all into CLASS/");
      }
    }
    List<String> trainClasses = names(train);
    List<String> testClasses = names(test);
    if (!trainClasses.equals(testClasses)) {
      List<String> different = new ArrayList<>(trainClasses);
      different.removeAll(testClasses);
      List<String> others = new ArrayList<>(testClasses);
      others.removeAll(trainClasses);
      throw new DataException(
          String.format(
              "%s must have the same classes in train and test, only in train: %s, only in test: %s; add or remove folders",
              folder, different, others));
    }
    return paired(folder, read(train, cache), read(test, cache));
  }

  private static ImageData paired(Path folder, ImageSet train, ImageSet test) {
    if (train.height() != test.height() || train.width() != test.width()) {
      throw new DataException(
          String.format(
              "%s has images of %d x %d in train and of %d x %d in test (width x height); scale all images to one size",
              folder, train.width(), train.height(), test.width(), test.height()));
    }
    return new ImageData(train, test);
  }

  private static ImageData split(Path folder, ImageSet all) {
    int[] counts = new int[all.classes()];
    for (int label : all.labels()) {
      counts[label]++;
    }
    for (int label = 0; label < counts.length; label++) {
      if (counts[label] < 2) {
        throw new DataException(
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
      throw new DataException(
          folder + " must have a folder for each of at least 2 classes, got " + names);
    }
    List<Item> items = new ArrayList<>();
    for (int label = 0; label < names.size(); label++) {
      Path classFolder = folder.resolve(names.get(label));
      List<Path> files = images(classFolder);
      if (files.isEmpty()) {
        throw new DataException(
            classFolder + " has no PNG or JPEG images; add some or remove the folder");
      }
      for (Path file : files) {
        items.add(new Item(file, label));
      }
    }
    Path first = items.get(0).file();
    Images.Size size = Images.size(first);
    if (cache != null) {
      return onDisk(cache, items, size, names);
    }
    if ((long) size.height() * size.width() > Integer.MAX_VALUE / 3 / items.size()) {
      throw new DataException(
          String.format(
              "%s has %d images of %d x %d, more than the 2 GB that fit in memory; stream them from disk, or use fewer or smaller ones",
              folder, items.size(), size.width(), size.height()));
    }
    // Decoded before memory is taken for all, so that no header is believed.
    int bytes = Images.read(first).length;
    byte[] pixels = allocate(folder, bytes * items.size());
    Optional<DataException> failure =
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

  /** The heap may be smaller than what an array can be. */
  private static byte[] allocate(Path folder, int bytes) {
    try {
      return new byte[bytes];
    } catch (OutOfMemoryError e) {
      throw new DataException(
          String.format(
              "%s has %,d bytes of pixels, more than fit in the Java heap of %,d; stream them from disk, or raise -Xmx",
              folder, bytes, Runtime.getRuntime().maxMemory()),
          e);
    }
  }

  /** Decodes the images into a file whose name stands for them as they are now, or finds it. */
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

  /** Changes with the place, the size or the time of any image. */
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
        throw new DataException(
            item.file() + " cannot be read (" + e + "); check its permissions", e);
      }
    }
    return hasher.hash().toString();
  }

  /** Copies an image, or says why not: of several bad files always the first is reported. */
  private static Optional<DataException> copy(
      Path file, Path first, Images.Size size, byte[] into, int offset) {
    try {
      byte[] image = decode(file, first, size);
      System.arraycopy(image, 0, into, offset, image.length);
      return Optional.empty();
    } catch (DataException e) {
      return Optional.of(e);
    }
  }

  private static byte[] decode(Path file, Path first, Images.Size size) {
    Images.Size own = Images.size(file);
    if (!own.equals(size)) {
      throw new DataException(
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

  /** What is in a folder and not hidden, sorted by name. */
  private static List<Path> list(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> !file.getFileName().toString().startsWith(".")).sorted().toList();
    } catch (IOException e) {
      throw new DataException(folder + " cannot be read (" + e + "); check its permissions", e);
    }
  }
}
