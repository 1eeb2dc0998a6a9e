package dev.lamina.data;

import dev.lamina.io.LaminaException;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;

/**
 * IDX files, the format of MNIST and Fashion-MNIST: {@code train-images-idx3-ubyte}, {@code
 * train-labels-idx1-ubyte}, {@code t10k-images-idx3-ubyte} and {@code t10k-labels-idx1-ubyte},
 * plain or with {@code .gz}. Greyscale images become three equal channels. Images smaller than 32 x
 * 32 are padded with black to that size; if the padding is odd, the extra row or column is at the
 * end.
 */
final class Idx {
  private static final int IMAGES = 0x803;
  private static final int LABELS = 0x801;
  private static final int SIDE = 32;
  private static final int MAX_SIDE = 1024;
  private static final int CLASSES = 10;

  /** The number of 32 x 32 images that fit in one byte array. */
  private static final int MAX_IMAGES = Integer.MAX_VALUE / (3 * SIDE * SIDE);

  /** Opens the files by name, in a folder or in the jar. */
  interface Source {
    InputStream open(String name) throws IOException;

    String describe(String name);
  }

  private Idx() {}

  static boolean isIn(Path folder) {
    return Files.exists(file(folder, "train-images-idx3-ubyte"))
        || Files.exists(file(folder, "t10k-images-idx3-ubyte"));
  }

  static ImageData open(Path folder) {
    List<String> names =
        isFashion(folder)
            ? Embedded.CLASS_NAMES
            : IntStream.range(0, CLASSES).mapToObj(Integer::toString).toList();
    Source source =
        new Source() {
          @Override
          public InputStream open(String name) throws IOException {
            Path file = file(folder, name);
            if (!Files.isRegularFile(file)) {
              throw new LaminaException(file + " is missing; copy or download the data set again");
            }
            return Files.newInputStream(file);
          }

          @Override
          public String describe(String name) {
            return file(folder, name).toString();
          }
        };
    return read(source, names);
  }

  /**
   * MNIST and Fashion-MNIST have the same file names, so the name of the folder or of its parent
   * decides.
   */
  private static boolean isFashion(Path folder) {
    Path full = folder.toAbsolutePath().normalize();
    int names = full.getNameCount();
    return names > 0
        && full.subpath(Math.max(0, names - 2), names)
            .toString()
            .toLowerCase(Locale.ROOT)
            .contains("fashion");
  }

  static ImageData read(Source source, List<String> classNames) {
    ImageSet train = read(source, "train", classNames);
    ImageSet test = read(source, "t10k", classNames);
    if (train.height() != test.height() || train.width() != test.width()) {
      throw new LaminaException(
          String.format(
              "%s has images of %d x %d, but %s of %d x %d (width x height); copy or download them again",
              source.describe(images("train")),
              train.width(),
              train.height(),
              source.describe(images("t10k")),
              test.width(),
              test.height()));
    }
    return new ImageData(train, test);
  }

  private static String images(String split) {
    return split + "-images-idx3-ubyte";
  }

  private static ImageSet read(Source source, String split, List<String> classNames) {
    String images = images(split);
    String labels = split + "-labels-idx1-ubyte";
    int[] classes = labels(source, labels, classNames.size());
    try (DataInputStream in = stream(source, images)) {
      expect(source, images, "magic number", IMAGES, in.readInt());
      expect(source, images, "number of images", classes.length, in.readInt());
      int height = side(source, images, in.readInt());
      int width = side(source, images, in.readInt());
      int paddedHeight = Math.max(height, SIDE);
      int paddedWidth = Math.max(width, SIDE);
      if (3L * paddedHeight * paddedWidth * classes.length > Integer.MAX_VALUE) {
        throw new LaminaException(
            String.format(
                "%s has %d images of %d x %d, more than the 2 GB that fit in memory; use fewer",
                source.describe(images), classes.length, width, height));
      }
      int area = height * width;
      byte[] grey = bytes(in, classes.length * area);
      expectEnd(source, images, in);
      byte[] pixels = new byte[classes.length * paddedHeight * paddedWidth * 3];
      int top = (paddedHeight - height) / 2;
      int left = (paddedWidth - width) / 2;
      for (int p = 0; p < grey.length; p++) {
        int row = p / area * paddedHeight + top + p % area / width;
        int at = (row * paddedWidth + left + p % width) * 3;
        pixels[at] = grey[p];
        pixels[at + 1] = grey[p];
        pixels[at + 2] = grey[p];
      }
      return ImageSet.of(paddedHeight, paddedWidth, 3, pixels, classes, classNames);
    } catch (IOException e) {
      throw damaged(source, images, e);
    }
  }

  private static int[] labels(Source source, String name, int classes) {
    try (DataInputStream in = stream(source, name)) {
      expect(source, name, "magic number", LABELS, in.readInt());
      int count = in.readInt();
      if (count <= 0) {
        throw new LaminaException(
            String.format(
                "%s declares %d labels, must be positive; copy or download it again",
                source.describe(name), count));
      }
      if (count > MAX_IMAGES) {
        throw new LaminaException(
            String.format(
                "%s declares %d labels, more than the %d whose images fit in memory; use fewer, or copy or download it again",
                source.describe(name), count, MAX_IMAGES));
      }
      byte[] bytes = bytes(in, count);
      expectEnd(source, name, in);
      int[] labels = new int[count];
      for (int i = 0; i < count; i++) {
        labels[i] = bytes[i] & 0xff;
        if (labels[i] >= classes) {
          throw new LaminaException(
              String.format(
                  "%s has label %d at index %d, must be in 0..%d; copy or download it again",
                  source.describe(name), labels[i], i, classes - 1));
        }
      }
      return labels;
    } catch (IOException e) {
      throw damaged(source, name, e);
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
              "%s has images with a side of %d, must be in 1..%d; copy or download it again",
              source.describe(name), side, MAX_SIDE));
    }
    return side;
  }

  private static void expect(Source source, String name, String what, int expected, int actual) {
    if (actual != expected) {
      throw new LaminaException(
          String.format(
              "%s has %s %d, must be %d; copy or download it again",
              source.describe(name), what, actual, expected));
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

  private static Path file(Path folder, String name) {
    Path plain = folder.resolve(name);
    return Files.exists(plain) ? plain : folder.resolve(name + ".gz");
  }
}
