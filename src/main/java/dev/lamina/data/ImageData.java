package dev.lamina.data;

import dev.lamina.io.LaminaException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Training images, test images and, if the data set has a part of its own for it, validation
 * images, all of the same shape and classes.
 *
 * @param train the training images
 * @param validation the validation images; empty if the data set has no such part
 * @param test the test images
 */
public record ImageData(ImageSet train, Optional<ImageSet> validation, ImageSet test) {
  /** Checks that image sizes and class names of all parts are equal. */
  public ImageData {
    checkLike(train, "test", test);
    validation.ifPresent(images -> checkLike(train, "validation", images));
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
              "training classes are %s, %s classes %s; both must be the same",
              train.classNames(), part, other.classNames()));
    }
  }

  /** Returns whether a folder holds images in folders, as {@link #open} would read them. */
  public static boolean isImageFolder(Path folder) {
    return Files.exists(folder)
        && !Cifar10.isIn(folder)
        && !Cifar100.isIn(folder)
        && !Idx.isIn(folder)
        && ImageFolder.isIn(folder);
  }

  /**
   * Opens a folder in any supported layout: CIFAR-10 or CIFAR-100 binary, IDX, or images in
   * folders. Images in {@code validation/CLASS/} or {@code val/CLASS/} beside {@code train} are the
   * validation part.
   *
   * @throws LaminaException if the folder is missing, has none of these layouts, or is damaged
   */
  public static ImageData open(Path folder) {
    if (!Files.exists(folder)) {
      throw new LaminaException(
          folder + " does not exist; check the path, or name cifar10, cifar100 or fashion-mnist");
    }
    if (Cifar10.isIn(folder)) {
      return Cifar10.open(folder);
    }
    if (Cifar100.isIn(folder)) {
      return Cifar100.open(folder);
    }
    if (Idx.isIn(folder)) {
      return Idx.open(folder);
    }
    if (ImageFolder.isIn(folder)) {
      return ImageFolder.open(folder);
    }
    throw new LaminaException(
        folder
            + " is no data set; it must contain CIFAR binary files (data_batch_1.bin or train.bin), IDX files"
            + " (train-images-idx3-ubyte) or images in train|test/CLASS/ or CLASS/");
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
    if (!ImageFolder.isIn(folder)) {
      throw new LaminaException(
          folder
              + " must contain images in train|test/CLASS/ or CLASS/ to be streamed; other data sets are"
              + " opened in memory");
    }
    return ImageFolder.streamed(folder, cache);
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
    return open(Published.of(name).fetch(cache, mirror));
  }
}
