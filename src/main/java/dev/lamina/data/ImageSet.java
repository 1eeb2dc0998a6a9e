package dev.lamina.data;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.lamina.io.LaminaException;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Labelled images of one size: uint8 in NHWC layout. Immutable. The pixels are in memory, or {@link
 * ImageData#streamed on disk}.
 */
public final class ImageSet {
  private final int height;
  private final int width;
  private final int channels;
  private final byte[] pixels;
  private final @Nullable PixelFile file;
  private final int[] positions;
  private final int[] labels;
  private final List<String> classNames;
  private final Preprocessing preprocessing;

  private ImageSet(
      int height,
      int width,
      int channels,
      byte[] pixels,
      @Nullable PixelFile file,
      int[] positions,
      int[] labels,
      List<String> classNames,
      Preprocessing preprocessing) {
    this.height = height;
    this.width = width;
    this.channels = channels;
    this.pixels = pixels;
    this.file = file;
    this.positions = positions;
    this.labels = labels;
    this.classNames = List.copyOf(classNames);
    this.preprocessing = preprocessing;
  }

  /**
   * Creates a set of images in memory. The arrays are not copied: do not change them afterwards.
   *
   * @param pixels height * width * channels bytes for each image
   * @param labels the class index of each image, from 0
   * @throws IllegalArgumentException if the lengths do not match, a label is out of range, or there
   *     are no images
   */
  public static ImageSet of(
      int height, int width, int channels, byte[] pixels, int[] labels, List<String> classNames) {
    checkArgument(height > 0, "height must be positive, got %s", height);
    checkArgument(width > 0, "width must be positive, got %s", width);
    checkArgument(channels > 0, "channels must be positive, got %s", channels);
    checkArgument(labels.length > 0, "labels must not be empty");
    long expected = (long) height * width * channels * labels.length;
    checkArgument(
        pixels.length == expected,
        "pixels must be %s bytes (%s images of %s x %s x %s), got %s",
        expected,
        labels.length,
        height,
        width,
        channels,
        pixels.length);
    for (int i = 0; i < labels.length; i++) {
      checkArgument(
          labels[i] >= 0 && labels[i] < classNames.size(),
          "label of image %s must be in 0..%s, got %s",
          i,
          classNames.size() - 1,
          labels[i]);
    }
    return new ImageSet(
        height,
        width,
        channels,
        pixels,
        null,
        new int[0],
        labels,
        classNames,
        Preprocessing.defaultFor(height, width));
  }

  /**
   * Creates a set whose pixels stay on disk.
   *
   * @param labels the class index of each image in the file
   */
  static ImageSet onDisk(
      int height, int width, int channels, PixelFile file, int[] labels, List<String> classNames) {
    int[] positions = IntStream.range(0, labels.length).toArray();
    return new ImageSet(
        height,
        width,
        channels,
        new byte[0],
        file,
        positions,
        labels,
        classNames,
        Preprocessing.defaultFor(height, width));
  }

  /**
   * Returns this set with the preprocessing that made it of files; a model that is trained on it
   * prepares files in the same way.
   *
   * @throws IllegalArgumentException if the preprocessing gives another size
   */
  public ImageSet preprocessing(Preprocessing preprocessing) {
    checkArgument(
        preprocessing.resize().height() == height && preprocessing.resize().width() == width,
        "preprocessing must resize to %s x %s (height x width), got %s",
        height,
        width,
        preprocessing);
    return new ImageSet(
        height, width, channels, pixels, file, positions, labels, classNames, preprocessing);
  }

  /** How files become such images; {@link Preprocessing#defaultFor} unless set. */
  public Preprocessing preprocessing() {
    return preprocessing;
  }

  /** Whether the pixels are on disk and read on demand. */
  public boolean onDisk() {
    return file != null;
  }

  /** The number of images. */
  public int size() {
    return labels.length;
  }

  /** The height of every image, in pixels. */
  public int height() {
    return height;
  }

  /** The width of every image, in pixels. */
  public int width() {
    return width;
  }

  /** The number of channels of every image. */
  public int channels() {
    return channels;
  }

  /** The names of the classes, in the order of the labels. */
  public List<String> classNames() {
    return classNames;
  }

  /** The number of classes. */
  public int classes() {
    return classNames.size();
  }

  /** The class index of an image. */
  public int label(int index) {
    return labels[index];
  }

  /** A copy of all labels. */
  public int[] labels() {
    return labels.clone();
  }

  /**
   * A read-only view of all pixels, [images, height, width, channels]; a copy if they are on disk.
   */
  public ByteBuffer pixels() {
    return pixels(0, size());
  }

  /**
   * A read-only view of the pixels of images {@code from} (inclusive) to {@code to} (exclusive); a
   * copy if they are on disk.
   */
  public ByteBuffer pixels(int from, int to) {
    int bytes = height * width * channels;
    if (file == null) {
      return ByteBuffer.wrap(pixels, from * bytes, (to - from) * bytes).slice().asReadOnlyBuffer();
    }
    ByteBuffer copy = ByteBuffer.allocate(Math.multiplyExact(to - from, bytes));
    file.read(Arrays.copyOfRange(positions, from, to), copy);
    return copy.flip().asReadOnlyBuffer();
  }

  /**
   * Copies the pixels of the given images into a buffer, in order. Thread-safe.
   *
   * @throws LaminaException if the pixels are on disk and the file has changed or cannot be read
   */
  public void copyImages(int[] indices, ByteBuffer into) {
    if (file == null) {
      int bytes = height * width * channels;
      for (int index : indices) {
        into.put(pixels, index * bytes, bytes);
      }
    } else {
      file.read(IntStream.of(indices).map(index -> positions[index]).toArray(), into);
    }
  }

  /** Copies the pixels of one image into an array, starting at {@code offset}. */
  public void copyImage(int index, byte[] into, int offset) {
    copyImages(new int[] {index}, ByteBuffer.wrap(into, offset, height * width * channels));
  }

  /** A copy of the pixels of one image. */
  public byte[] image(int index) {
    byte[] image = new byte[height * width * channels];
    copyImage(index, image, 0);
    return image;
  }

  /**
   * Converts an image for display: channels after the third are dropped; one or two channels give a
   * greyscale image of the first.
   */
  public BufferedImage toBufferedImage(int index) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    byte[] bytes = image(index);
    for (int p = 0; p < height * width; p++) {
      int red = bytes[p * channels] & 0xff;
      int green = channels < 3 ? red : bytes[p * channels + 1] & 0xff;
      int blue = channels < 3 ? red : bytes[p * channels + 2] & 0xff;
      image.setRGB(p % width, p / width, red << 16 | green << 8 | blue);
    }
    return image;
  }

  /**
   * Returns the images at the given indices, in that order; they stay on disk if this set is on
   * disk.
   */
  public ImageSet subset(int[] indices) {
    if (file != null) {
      return new ImageSet(
          height,
          width,
          channels,
          pixels,
          file,
          IntStream.of(indices).map(index -> positions[index]).toArray(),
          IntStream.of(indices).map(index -> labels[index]).toArray(),
          classNames,
          preprocessing);
    }
    int bytes = height * width * channels;
    byte[] some = new byte[Math.multiplyExact(bytes, indices.length)];
    int[] someLabels = new int[indices.length];
    for (int i = 0; i < indices.length; i++) {
      copyImage(indices[i], some, i * bytes);
      someLabels[i] = labels[indices[i]];
    }
    return of(height, width, channels, some, someLabels, classNames).preprocessing(preprocessing);
  }

  /**
   * A set split in two.
   *
   * @param train the images to train on
   * @param validation the held-out images
   */
  public record Split(ImageSet train, ImageSet validation) {}

  /**
   * Splits off a stratified validation set: a random share of every class, chosen by the seed. A
   * class with two or more images has at least one in each part; a single image stays in the
   * training part.
   *
   * @param validationFraction the share, in (0, 1)
   * @throws IllegalArgumentException if the fraction is not in (0, 1), or no class has two images
   */
  public Split split(double validationFraction, long seed) {
    checkArgument(
        validationFraction > 0 && validationFraction < 1,
        "validationFraction must be in (0, 1), got %s",
        validationFraction);
    int[] order = Permutation.of(size(), new SplittableRandom(seed).nextLong(), 0);
    int[] wanted = new int[classes()];
    for (int label : labels) {
      wanted[label]++;
    }
    for (int label = 0; label < wanted.length; label++) {
      long share = Math.round(wanted[label] * validationFraction);
      wanted[label] =
          (int) Math.max(Math.min(1, wanted[label] - 1), Math.min(share, wanted[label] - 1));
    }
    boolean[] aside = new boolean[size()];
    for (int index : order) {
      if (wanted[labels[index]] > 0) {
        wanted[labels[index]]--;
        aside[index] = true;
      }
    }
    int[] train = IntStream.range(0, size()).filter(i -> !aside[i]).toArray();
    int[] validation = IntStream.range(0, size()).filter(i -> aside[i]).toArray();
    checkArgument(
        validation.length > 0, "some class must have 2 images to be split, got %s in all", size());
    return new Split(subset(train), subset(validation));
  }

  /** Returns a short hash of pixels, labels and class names: that of equal images is the same. */
  public String hash() {
    Hasher content = Hashing.murmur3_128().newHasher();
    for (int image = 0; image < size(); image++) {
      content.putBytes(pixels(image, image + 1));
    }
    for (int label : labels) {
      content.putInt(label);
    }
    return Hashing.murmur3_128()
        .newHasher()
        .putBytes(content.hash().asBytes())
        .putString(classNames().toString(), StandardCharsets.UTF_8)
        .hash()
        .toString()
        .substring(0, 12);
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "ImageSet[%d images, %d x %d x %d, %s]",
        size(),
        height,
        width,
        channels,
        Arrays.toString(classNames.toArray()));
  }
}
