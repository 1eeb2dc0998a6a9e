package dev.lamina.data;

import dev.lamina.io.LaminaException;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;

/**
 * IDX files, the format of MNIST and its relatives: {@code train-images-idx3-ubyte}, {@code
 * train-labels-idx1-ubyte}, {@code t10k-images-idx3-ubyte} and {@code t10k-labels-idx1-ubyte},
 * plain or compressed by gzip. Greyscale images become three equal channels. Images smaller than 32
 * x 32 are padded with black to that size; if the padding is odd, the extra row or column is at the
 * end.
 */
final class Idx {
  private static final int IMAGES = 0x803;
  private static final int LABELS = 0x801;
  private static final int MAX_SIDE = 1024;

  /** The number of 32 x 32 images that fit in one byte array. */
  private static final int MAX_IMAGES =
      Integer.MAX_VALUE / (3 * GreyPixels.MIN_SIDE * GreyPixels.MIN_SIDE);

  /** Opens the files by their names in MNIST, in a folder or in the jar. */
  interface Source {
    InputStream open(String name) throws IOException;

    String describe(String name);

    /** Returns the names of the classes, given the largest label that occurs. */
    List<String> classNames(int maxLabel);
  }

  private Idx() {}

  static boolean isIn(Path folder) {
    return IdxFolder.isIn(folder);
  }

  static ImageData open(Path folder, ReadOptions options) {
    return read(IdxFolder.of(folder), options);
  }

  static ImageData read(Source source, ReadOptions options) {
    int[] trainLabels = labels(source, labels("train"));
    int[] testLabels = labels(source, labels("t10k"));
    List<String> classNames = classNames(source, trainLabels, testLabels);
    checkLabels(source, labels("train"), trainLabels, classNames.size());
    checkLabels(source, labels("t10k"), testLabels, classNames.size());
    GreyPixels train = pixels(source, images("train"), trainLabels.length);
    GreyPixels test = pixels(source, images("t10k"), testLabels.length);
    if (train.height() != test.height() || train.width() != test.width()) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s has images of %d x %d, but %s of %d x %d (width x height); copy or download them again",
              source.describe(images("train")),
              train.width(),
              train.height(),
              source.describe(images("t10k")),
              test.width(),
              test.height()));
    }
    Optional<String> tooLarge =
        options.tooLarge(
            (long) train.bytes() * (trainLabels.length + (long) testLabels.length),
            (long) train.bytes() * Math.max(trainLabels.length, testLabels.length));
    return new ImageData(
        train.set(trainLabels, classNames, tooLarge.isPresent(), options.cache()),
        Optional.empty(),
        test.set(testLabels, classNames, tooLarge.isPresent(), options.cache()),
        report(tooLarge));
  }

  /**
   * Opens the test images alone; of the training files only the labels are read, if any.
   *
   * @param known the classes of a model, which may have more than occur in these files
   */
  static TestImages openTest(Path folder, List<String> known, ReadOptions options) {
    IdxFolder files = IdxFolder.of(folder);
    int[] labels = labels(files, labels("t10k"));
    // Classes may occur in the training part alone.
    int[] trainLabels = files.has(labels("train")) ? labels(files, labels("train")) : labels;
    List<String> found = classNames(files, trainLabels, labels);
    List<String> classNames =
        known.size() > found.size() && known.subList(0, found.size()).equals(found) ? known : found;
    checkLabels(files, labels("t10k"), labels, classNames.size());
    GreyPixels test = pixels(files, images("t10k"), labels.length);
    long bytes = (long) test.bytes() * labels.length;
    Optional<String> tooLarge = options.tooLarge(bytes, bytes);
    return new TestImages(
        test.set(labels, classNames, tooLarge.isPresent(), options.cache()), report(tooLarge));
  }

  private static List<String> classNames(Source source, int[] trainLabels, int[] testLabels) {
    return source.classNames(
        IntStream.concat(IntStream.of(trainLabels), IntStream.of(testLabels)).max().orElseThrow());
  }

  private static ReadReport report(Optional<String> tooLarge) {
    return new ReadReport(List.of(), 0, 0, tooLarge);
  }

  private static String images(String split) {
    return split + "-images-idx3-ubyte";
  }

  private static String labels(String split) {
    return split + "-labels-idx1-ubyte";
  }

  private static GreyPixels pixels(Source source, String name, int count) {
    try (DataInputStream in = stream(source, name)) {
      expect(source, name, "magic number", IMAGES, in.readInt());
      expect(source, name, "number of images", count, in.readInt());
      int height = side(source, name, in.readInt());
      int width = side(source, name, in.readInt());
      if ((long) height * width * count > Integer.MAX_VALUE - 8) {
        throw new LaminaException(
            String.format(
                Locale.ROOT,
                "%s has %d images of %d x %d, more than the 2 GB that fit in memory; use fewer",
                source.describe(name),
                count,
                width,
                height));
      }
      byte[] grey = bytes(in, count * height * width);
      expectEnd(source, name, in);
      return new GreyPixels(grey, height, width);
    } catch (IOException e) {
      throw damaged(source, name, e);
    }
  }

  private static int[] labels(Source source, String name) {
    try (DataInputStream in = stream(source, name)) {
      expect(source, name, "magic number", LABELS, in.readInt());
      int count = in.readInt();
      if (count <= 0) {
        throw new LaminaException(
            String.format(
                Locale.ROOT,
                "%s declares %d labels, must be positive; copy or download it again",
                source.describe(name),
                count));
      }
      if (count > MAX_IMAGES) {
        throw new LaminaException(
            String.format(
                Locale.ROOT,
                "%s declares %d labels, more than the %d whose images fit in memory; use fewer, or copy or download it again",
                source.describe(name),
                count,
                MAX_IMAGES));
      }
      byte[] bytes = bytes(in, count);
      expectEnd(source, name, in);
      int[] labels = new int[count];
      for (int i = 0; i < count; i++) {
        labels[i] = bytes[i] & 0xff;
      }
      return labels;
    } catch (IOException e) {
      throw damaged(source, name, e);
    }
  }

  private static void checkLabels(Source source, String name, int[] labels, int classes) {
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] >= classes) {
        throw new LaminaException(
            String.format(
                Locale.ROOT,
                "%s has label %d at index %d, must be in 0..%d; copy or download it again",
                source.describe(name),
                labels[i],
                i,
                classes - 1));
      }
    }
  }

  /** Allocates only as much as the file contains, so that a false header cannot exhaust memory. */
  private static byte[] bytes(DataInputStream in, int count) throws IOException {
    byte[] bytes = in.readNBytes(count);
    if (bytes.length < count) {
      throw new EOFException();
    }
    return bytes;
  }

  private static int side(Source source, String name, int side) {
    if (side <= 0 || side > MAX_SIDE) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s has images with a side of %d, must be in 1..%d; copy or download it again",
              source.describe(name),
              side,
              MAX_SIDE));
    }
    return side;
  }

  private static void expect(Source source, String name, String what, int expected, int actual) {
    if (actual != expected) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s has %s %d, must be %d; copy or download it again",
              source.describe(name),
              what,
              actual,
              expected));
    }
  }

  private static void expectEnd(Source source, String name, DataInputStream in) throws IOException {
    if (in.read() >= 0) {
      throw new LaminaException(
          source.describe(name) + " is longer than its header says; copy or download it again");
    }
  }

  private static LaminaException damaged(Source source, String name, IOException e) {
    return new LaminaException(
        e instanceof EOFException
            ? source.describe(name) + " is shorter than its header says; copy or download it again"
            : source.describe(name) + " cannot be read (" + e + "); copy or download it again",
        e);
  }

  private static DataInputStream stream(Source source, String name) throws IOException {
    InputStream raw = new BufferedInputStream(source.open(name));
    raw.mark(2);
    boolean gzip = raw.read() == 0x1f && raw.read() == 0x8b;
    raw.reset();
    return new DataInputStream(gzip ? new BufferedInputStream(new GZIPInputStream(raw)) : raw);
  }
}
