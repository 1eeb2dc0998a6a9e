package dev.lamina.data;

import dev.lamina.io.LaminaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * The binary layout of CIFAR: each record is one or more label bytes, then the 32 x 32 red, green
 * and blue planes.
 *
 * @param labelBytes the number of label bytes in a record; the last one is used
 */
record CifarFiles(int labelBytes) {
  private static final int SIDE = 32;
  private static final int AREA = SIDE * SIDE;

  ImageSet read(List<Path> files, List<String> classNames) {
    int count = count(files);
    byte[] pixels = new byte[count * 3 * AREA];
    int[] labels = new int[count];
    int image = 0;
    for (Path file : files) {
      byte[] bytes = bytes(file);
      for (int start = 0; start + recordBytes() <= bytes.length; start += recordBytes()) {
        int label = bytes[start + labelBytes - 1] & 0xff;
        if (label >= classNames.size()) {
          throw new LaminaException(
              String.format(
                  Locale.ROOT,
                  "%s has label %d in record %d, must be in 0..%d; copy or download it again",
                  file,
                  label,
                  start / recordBytes(),
                  classNames.size() - 1));
        }
        labels[image] = label;
        for (int p = 0; p < AREA; p++) {
          for (int c = 0; c < 3; c++) {
            pixels[(image * AREA + p) * 3 + c] = bytes[start + labelBytes + c * AREA + p];
          }
        }
        image++;
      }
    }
    return ImageSet.of(SIDE, SIDE, 3, pixels, labels, classNames);
  }

  private int recordBytes() {
    return labelBytes + 3 * AREA;
  }

  /** Returns the number of images in all files, from their sizes. */
  private int count(List<Path> files) {
    long total = 0;
    for (Path file : files) {
      long size = size(file);
      if (size == 0 || size % recordBytes() != 0) {
        throw new LaminaException(
            String.format(
                Locale.ROOT,
                "%s has %d bytes, which is not a whole number of %d-byte records; copy or download it again",
                file,
                size,
                recordBytes()));
      }
      total += size / recordBytes();
    }
    if (total > Integer.MAX_VALUE / (3 * AREA)) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s has %d images, more than the 2 GB that fit in memory; use fewer",
              files.get(0).getParent(),
              total));
    }
    return (int) total;
  }

  /** Reads class names from a text file, one per line. */
  static List<String> names(Path file, int expected) {
    checkPresent(file);
    List<String> names;
    try {
      names = Files.readAllLines(file).stream().filter(line -> !line.isBlank()).toList();
    } catch (IOException e) {
      throw unreadable(file, e);
    }
    if (names.size() != expected) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s names %d classes, must be %d; copy or download it again",
              file,
              names.size(),
              expected));
    }
    return names;
  }

  private static void checkPresent(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new LaminaException(file + " is missing; copy or download the data set again");
    }
  }

  private static long size(Path file) {
    checkPresent(file);
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static LaminaException unreadable(Path file, IOException e) {
    return new LaminaException(
        file + " cannot be read (" + e + "); copy or download it again, and check its permissions",
        e);
  }
}
