package dev.lamina.data;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Training images and test images of the same shape and classes.
 *
 * @param train the training images
 * @param test the test images
 */
public record ImageData(ImageSet train, ImageSet test) {
  /** Checks that both parts agree. */
  public ImageData {
    if (train.height() != test.height()
        || train.width() != test.width()
        || train.channels() != test.channels()) {
      throw new DataException(
          String.format(
              "training images are %d x %d x %d, test images %d x %d x %d; both must have one size",
              train.height(),
              train.width(),
              train.channels(),
              test.height(),
              test.width(),
              test.channels()));
    }
    if (!train.classNames().equals(test.classNames())) {
      throw new DataException(
          String.format(
              "training classes are %s, test classes %s; both must be the same",
              train.classNames(), test.classNames()));
    }
  }

  /**
   * Opens a folder whatever its layout: CIFAR-10 or CIFAR-100 binary, IDX, or images in folders.
   *
   * @throws DataException where it is missing, has none of these layouts, or is damaged
   */
  public static ImageData open(Path folder) {
    if (!Files.exists(folder)) {
      throw new DataException(
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
    throw new DataException(
        folder
            + " is no data set; it must hold CIFAR binary files (data_batch_1.bin or train.bin), IDX files"
            + " (train-images-idx3-ubyte) or images in train|test/CLASS/ or CLASS/");
  }

  /**
   * Opens a folder of images as {@link #open} does, for sets that are larger than memory: the
   * images are decoded once into files in {@code cache} (height x width x 3 bytes each) and stay
   * there. Training and evaluation read each batch from disk, with the same result. Files whose
   * images were changed meanwhile are not used again, and may be deleted.
   *
   * @param cache a folder with space for the pixels; made where it is missing
   * @throws DataException as {@link #open} does, or where the folder has another layout, or the
   *     cache cannot be written
   */
  public static ImageData streamed(Path folder, Path cache) {
    if (!ImageFolder.isIn(folder)) {
      throw new DataException(
          folder
              + " must hold images in train|test/CLASS/ or CLASS/ to be streamed; other data sets are"
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
   * Opens a published data set, downloading it first where it is not in the cache yet.
   *
   * @param name {@code cifar10}, {@code cifar100} or {@code fashion-mnist}
   * @param cache the folder where downloads are kept
   * @param mirror where to download from instead of the data set's own site; the file names are
   *     appended
   * @throws DataException where it cannot be downloaded, or what came is not what was published
   */
  public static ImageData named(String name, Path cache, @Nullable URI mirror) {
    return open(Published.of(name).fetch(cache, mirror));
  }
}
