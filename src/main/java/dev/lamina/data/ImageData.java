package dev.lamina.data;

import dev.lamina.io.LaminaException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Training images, test images and, if the data set has a part of its own for it, validation
 * images, all of the same shape and classes.
 *
 * @param train the training images
 * @param validation the validation images; empty if the data set has no such part
 * @param test the test images
 * @param report how the image files were read; {@link ReadReport#NONE} for other data sets
 */
public record ImageData(
    ImageSet train, Optional<ImageSet> validation, ImageSet test, ReadReport report) {
  /** Checks that image sizes and class names of all parts are equal. */
  public ImageData {
    checkLike(train, "test", test);
    validation.ifPresent(images -> checkLike(train, "validation", images));
  }

  /** Returns training images, validation images and test images. */
  public ImageData(ImageSet train, Optional<ImageSet> validation, ImageSet test) {
    this(train, validation, test, ReadReport.NONE);
  }

  /** Returns training images and test images without a validation part. */
  public ImageData(ImageSet train, ImageSet test) {
    this(train, Optional.empty(), test);
  }

  private static void checkLike(ImageSet train, String part, ImageSet other) {
    if (train.height() != other.height()
        || train.width() != other.width()
        || train.channels() != other.channels()) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "training images are %d x %d x %d, %s images %d x %d x %d; both must have one size",
              train.height(),
              train.width(),
              train.channels(),
              part,
              other.height(),
              other.width(),
              other.channels()));
    }
    if (!train.classNames().equals(other.classNames())) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "training classes are %s, %s classes %s; both must be the same",
              train.classNames(),
              part,
              other.classNames()));
    }
  }

  /** Returns the number of images of each class of a set. */
  public static int[] counts(ImageSet set) {
    int[] counts = new int[set.classes()];
    for (int label : set.labels()) {
      counts[label]++;
    }
    return counts;
  }

  /**
   * Returns what is worth knowing about how the images were read, a line each: what was left out
   * and why, the images decoded per second, why they stay on disk, classes without training images.
   */
  public List<String> notes() {
    List<String> notes = new ArrayList<>(report.lines());
    int[] counts = counts(train);
    List<String> empty =
        IntStream.range(0, counts.length)
            .filter(label -> counts[label] == 0)
            .mapToObj(train.classNames()::get)
            .toList();
    if (!empty.isEmpty()) {
      notes.add(
          String.format(
              Locale.ROOT,
              "no training images of %d of %d classes: %s; they cannot be learnt",
              empty.size(),
              counts.length,
              String.join(", ", empty)));
    }
    return notes;
  }

  /**
   * Returns whether {@link #open} would read image files: in folders of classes, or named by a CSV
   * file.
   */
  public static boolean isImageFolder(Path path) {
    return Files.exists(path)
        && !Cifar10.isIn(path)
        && !Cifar100.isIn(path)
        && !Idx.isIn(path)
        && Listing.isIn(path);
  }

  /**
   * Returns whether {@link #open} makes the test part: of images in {@code CLASS/} alone, or in a
   * CSV file without splits, it takes a fixed tenth, which is another one once images are added or
   * removed. Returns false for other data sets.
   *
   * @throws LaminaException if such a CSV file is damaged
   */
  public static boolean isDivided(Path path) {
    return isImageFolder(path) && Listing.isDivided(path);
  }

  /**
   * Returns whether {@link #open} reads the same images from two paths: if they are the same file
   * or folder, or a folder and the one CSV file that has its labels. Returns false if one does not
   * exist.
   *
   * @throws LaminaException if such a CSV file is damaged
   */
  public static boolean isSame(Path one, Path other) {
    try {
      return Files.isSameFile(one, other)
          || Listing.isLabelledBy(one, other)
          || Listing.isLabelledBy(other, one);
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Opens a folder in any supported layout: CIFAR-10 or CIFAR-100 binary, IDX, or images in folders
   * or named by a CSV file; see {@code docs/data.md}. All images must have one size. If they do not
   * fit in memory, they stay on disk as {@link #streamed} says.
   *
   * @throws LaminaException if the folder is missing, has none of these layouts, or is damaged
   */
  public static ImageData open(Path folder) {
    return open(folder, ReadOptions.create());
  }

  /**
   * Opens a folder of images of any sizes, which become those of one size.
   *
   * @throws LaminaException as {@link #open(Path)} does, or if the folder has another layout
   */
  public static ImageData open(Path folder, Resize resize) {
    return open(folder, Preprocessing.of(resize));
  }

  /**
   * Opens a folder of images of any sizes, which are prepared for a network.
   *
   * @throws LaminaException as {@link #open(Path)} does, or if the folder has another layout
   */
  public static ImageData open(Path folder, Preprocessing preprocessing) {
    return open(folder, ReadOptions.create().preprocessing(preprocessing));
  }

  /**
   * Opens a folder, or a CSV file of images.
   *
   * @param options how images are read
   * @throws LaminaException as {@link #open(Path)} does, or if images of another layout are to be
   *     resized or streamed
   */
  public static ImageData open(Path folder, ReadOptions options) {
    if (isImageFolder(folder)) {
      return ListingReader.read(Listing.of(folder), options);
    }
    checkBinary(folder, options);
    if (Cifar10.isIn(folder)) {
      return Cifar10.open(folder);
    }
    return Cifar100.isIn(folder) ? Cifar100.open(folder) : Idx.open(folder, options);
  }

  /** Checks that a folder has a data set of another layout than image files. */
  private static void checkBinary(Path folder, ReadOptions options) {
    if (!Files.exists(folder)) {
      throw new LaminaException(
          folder + " does not exist; check the path, or name cifar10, cifar100 or fashion-mnist");
    }
    if (Cifar10.isIn(folder) || Cifar100.isIn(folder) || Idx.isIn(folder)) {
      if (options.streamed() || options.preprocessing().isPresent()) {
        throw new LaminaException(
            folder
                + " must contain images in train|test/CLASS/ or CLASS/, or a CSV file of them, to be resized or"
                + " streamed; other data sets are opened as they are, in memory");
      }
      return;
    }
    throw new LaminaException(
        folder
            + " is no data set; it must contain CIFAR binary files (data_batch_1.bin or train.bin), IDX files"
            + " (train-images-idx3-ubyte), images in train|test/CLASS/ or CLASS/, or a CSV file of images and labels"
            + " (labels.csv)");
  }

  /**
   * Opens the test images alone: those of {@link #open(Path, ReadOptions)}, without decoding
   * others. Files of other layouts than images need no training images beside them.
   *
   * @throws LaminaException as {@link #open(Path, ReadOptions)} does
   */
  public static TestImages openTest(Path folder, ReadOptions options) {
    if (isImageFolder(folder)) {
      return ListingReader.readTest(Listing.of(folder), options);
    }
    return binaryTest(folder, List.of(), options);
  }

  /**
   * Returns the tenth that {@link #open(Path)} sets aside to test with, of all images of a data set
   * that {@link #isDivided}, such as those of {@link #openLabelled}.
   *
   * @throws LaminaException if no class has two images
   */
  public static ImageSet testPart(ImageSet all) {
    return Listing.divide(all).validation();
  }

  private static TestImages binaryTest(Path folder, List<String> classNames, ReadOptions options) {
    checkBinary(folder, options);
    if (Cifar10.isIn(folder)) {
      return new TestImages(Cifar10.test(folder), ReadReport.NONE);
    }
    return Cifar100.isIn(folder)
        ? new TestImages(Cifar100.test(folder), ReadReport.NONE)
        : Idx.openTest(folder, classNames, options);
  }

  /**
   * Opens labelled images to test a model on, which no training images need to accompany: those of
   * the test part if there is one, else all of {@code CLASS/} or of a CSV file. Data sets of other
   * layouts are opened as {@link #openTest} does.
   *
   * @param classNames the classes of the model, {@code Model.classNames()}; not all of them must
   *     have images
   * @throws LaminaException as {@link #open(Path, ReadOptions)} does, or if an image is of a class
   *     that is none of these
   */
  public static TestImages openLabelled(Path folder, List<String> classNames, ReadOptions options) {
    return isImageFolder(folder)
        ? ListingReader.readTest(Listing.labelled(folder, classNames), options)
        : binaryTest(folder, classNames, options);
  }

  /**
   * Opens a folder of images as {@link #open} does, for sets that are larger than memory: the
   * images are decoded once into files in {@code cache} (height x width x 3 bytes each) and stay
   * there. Training and evaluation read each batch from disk, with the same results. If images
   * change later, a new cache file is written and the old one can be deleted.
   *
   * @param cache a folder with space for the pixels; created if it is missing
   * @throws LaminaException as {@link #open} does, or if the folder has another layout, or the
   *     cache cannot be written
   */
  public static ImageData streamed(Path folder, Path cache) {
    return open(folder, ReadOptions.create().cache(cache).streamed(true));
  }

  /** Opens a folder of images of any sizes as {@link #streamed(Path, Path)} does. */
  public static ImageData streamed(Path folder, Preprocessing preprocessing, Path cache) {
    return open(
        folder, ReadOptions.create().preprocessing(preprocessing).cache(cache).streamed(true));
  }

  /**
   * The sample of Fashion-MNIST that comes with Lamina: 10,000 training and 2,000 test images, 32 x
   * 32 x 3, balanced.
   */
  public static ImageData embedded() {
    return Embedded.open();
  }

  /**
   * Opens a published data set, downloading it first if it is not in the cache.
   *
   * @param name {@code cifar10}, {@code cifar100} or {@code fashion-mnist}
   * @param cache the folder for downloads
   * @param mirror a base URL to download from instead of the data set's own site; the file names
   *     are appended
   * @throws LaminaException if it cannot be downloaded, or a file does not have the published
   *     checksum
   */
  public static ImageData named(String name, Path cache, @Nullable URI mirror) {
    return open(
        Published.of(name).fetch(cache, mirror),
        ReadOptions.create().cache(cache.resolve("streamed")));
  }
}
