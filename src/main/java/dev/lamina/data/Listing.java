package dev.lamina.data;

import dev.lamina.io.LaminaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * The image files of a data set with their labels, before any of them is decoded.
 *
 * @param root the folder of the data set
 * @param classNames the names of the classes, in the order of the labels
 * @param validation empty if there is no such part
 * @param skipped what was left out
 */
record Listing(
    Path root,
    List<String> classNames,
    List<Item> train,
    List<Item> validation,
    List<Item> test,
    List<Skipped> skipped) {
  private static final double TEST_SHARE = 0.1;

  /** A file and its label. */
  record Item(Path file, int label) {}

  /** Whether a path is a data set of image files. */
  static boolean isIn(Path path) {
    return Files.isDirectory(path)
        ? ImageFolder.hasParts(path) || CsvListing.isIn(path) || ImageFolder.hasClasses(path)
        : CsvLabels.isCsv(path);
  }

  /**
   * Lists a data set of image files.
   *
   * @throws LaminaException if the layout is incomplete, or a folder or file cannot be read
   */
  static Listing of(Path path) {
    return isCsv(path, Part.TRAIN) ? CsvListing.list(path) : ImageFolder.list(path);
  }

  /**
   * Lists labelled images that a model is tested on: those of the test part if there is one, else
   * all.
   *
   * @param classNames the classes of the model; not all of them must have images
   * @throws LaminaException if there are none, or a folder or file cannot be read, or an image is
   *     of another class
   */
  static Listing labelled(Path path, List<String> classNames) {
    return isCsv(path, Part.TEST)
        ? CsvListing.labelled(path, classNames)
        : ImageFolder.labelled(path, classNames);
  }

  /** Whether a CSV file has the labels; folders of classes in a part come before it. */
  private static boolean isCsv(Path path, Part part) {
    return !Files.isDirectory(path)
        || (!ImageFolder.hasClasses(path, part) && CsvListing.isIn(path));
  }

  /** Whether a tenth of all images is the test part. */
  static boolean isDivided(Path path) {
    return isCsv(path, Part.TRAIN) ? CsvListing.isDivided(path) : !ImageFolder.hasParts(path);
  }

  /** Whether a CSV file in a folder is the only one that is read for it. */
  static boolean isLabelledBy(Path folder, Path csv) throws IOException {
    return Files.isDirectory(folder)
        && Files.isRegularFile(csv)
        && Files.isSameFile(folder, csv.resolveSibling(""))
        && isCsv(folder, Part.TRAIN)
        && CsvListing.isAlone(folder, csv);
  }

  /** Returns the path of a file below the root, or as it is if it lies elsewhere. */
  Path name(Path file) {
    return file.startsWith(root) ? root.relativize(file) : file;
  }

  /** Returns the test part alone. */
  Listing testOnly() {
    return new Listing(root, classNames, List.of(), List.of(), test, skipped);
  }

  /** Checks that labelled images are of classes of a model. */
  static void checkClasses(Path source, Collection<String> found, List<String> classNames) {
    List<String> others = found.stream().filter(name -> !classNames.contains(name)).toList();
    if (!others.isEmpty()) {
      throw new LaminaException(
          "classes of %s must be among those of the model %s, got %s; rename or remove them"
              .formatted(source, classNames, others));
    }
  }

  /** Lists a data set that has no parts of its own: a fixed tenth of each class is the test set. */
  static Listing split(Path root, List<String> classNames, List<Item> all, List<Skipped> skipped) {
    int[] counts = new int[classNames.size()];
    ByteBuffer positions = ByteBuffer.allocate(all.size() * Integer.BYTES);
    for (int i = 0; i < all.size(); i++) {
      counts[all.get(i).label()]++;
      positions.putInt(i);
    }
    for (int label = 0; label < counts.length; label++) {
      if (counts[label] < 2) {
        throw new LaminaException(
            "class %s of %s must have at least 2 images, one of them to test with, got %s; add images, or make train/CLASS/ and test/CLASS/"
                .formatted(classNames.get(label), root, counts[label]));
      }
    }
    // Stands for the images, so that the files that remain in each part are known.
    ImageSet.Split split =
        divide(
            ImageSet.of(
                1,
                1,
                Integer.BYTES,
                positions.array(),
                all.stream().mapToInt(Item::label).toArray(),
                classNames));
    return new Listing(
        root,
        classNames,
        choose(all, split.train()),
        List.of(),
        choose(all, split.validation()),
        skipped);
  }

  /** Divides all images of a data set that has no parts: the validation part is its test set. */
  static ImageSet.Split divide(ImageSet all) {
    return all.split(TEST_SHARE, 0);
  }

  private static List<Item> choose(List<Item> all, ImageSet positions) {
    List<Item> chosen = new ArrayList<>();
    ByteBuffer pixels = positions.pixels();
    while (pixels.hasRemaining()) {
      chosen.add(all.get(pixels.getInt()));
    }
    return chosen;
  }
}
