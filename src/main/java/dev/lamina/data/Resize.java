package dev.lamina.data;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.Ascii;
import dev.lamina.io.LaminaException;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * How an image of any size becomes one of the size that a network takes. Training, evaluation,
 * prediction, the server and exports use the same rule and give the same pixels.
 *
 * <pre>{@code
 * ImageData photos = ImageData.open(folder, Resize.cover(64));
 * }</pre>
 *
 * <p>Scaling is antialiased, as Pillow's: each output pixel is the weighted mean of all input
 * pixels under a filter that is as wide as the reduction, first along the rows, then along the
 * columns, rounded after each.
 *
 * @param mode what happens if the proportions differ
 * @param height the height of the result in pixels
 * @param width the width of the result in pixels
 * @param crop for {@link Mode#COVER}, the share of the scaled image's short side that remains, in
 *     (0, 1]
 * @param filter the filter
 */
public record Resize(Mode mode, int height, int width, double crop, Filter filter) {
  /**
   * What the weights of the input pixels of one output pixel sum up to, within rounding: they are
   * whole numbers, and 255 times their sum is below 2^24.
   */
  public static final int WEIGHTS_SUM = 1 << 15;

  /** Filter values are rounded to multiples of 1 / this first, so that their sums are exact. */
  public static final double FILTER_STEPS = 1L << 30;

  /** What happens if an image has other proportions than the result. */
  public enum Mode {
    /**
     * An image that is not larger is padded with black, not scaled; if the padding is odd, the
     * extra row or column is at the end. A larger one is scaled as by {@link #COVER}.
     */
    PAD,
    /** The short side is scaled and the middle of the image remains. */
    COVER,
    /** The long side is scaled and the rest of the result is black. */
    FIT,
    /** Both sides are scaled, so that shapes are distorted. */
    STRETCH
  }

  /** The filter of a scaling. */
  public enum Filter {
    /** A triangle; of an enlargement, linear interpolation between 2 x 2 pixels. */
    BILINEAR(1),
    /** Cubic convolution of 4 x 4 pixels with a = -0.5 (Keys 1981). */
    BICUBIC(2);

    private final int support;

    Filter(int support) {
      this.support = support;
    }

    /** The distance at which it becomes 0, in pixels of the larger of both images. */
    int support() {
      return support;
    }

    double at(double distance) {
      double x = Math.abs(distance);
      if (x >= support) {
        return 0;
      }
      if (this == BILINEAR) {
        return 1 - x;
      }
      return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2;
    }
  }

  /** Checks the values. */
  public Resize {
    checkArgument(height > 0, "height must be positive, got %s", height);
    checkArgument(width > 0, "width must be positive, got %s", width);
    checkArgument(
        3L * height * width <= Integer.MAX_VALUE,
        "height x width must be at most %s pixels, got %s x %s",
        Integer.MAX_VALUE / 3,
        height,
        width);
    checkArgument(crop > 0 && crop <= 1, "crop must be in (0, 1], got %s", crop);
  }

  private static Resize of(Mode mode, int height, int width) {
    return new Resize(mode, height, width, 1, Filter.BILINEAR);
  }

  /** Pads images that are not larger, and covers with others; see {@link Mode#PAD}. */
  public static Resize pad(int height, int width) {
    return of(Mode.PAD, height, width);
  }

  /** Scales the short side to {@code size} and keeps the middle square. */
  public static Resize cover(int size) {
    return cover(size, size);
  }

  /** Scales an image until it covers the result, and keeps the middle. */
  public static Resize cover(int height, int width) {
    return of(Mode.COVER, height, width);
  }

  /** Scales the long side to {@code size} and pads the short one with black. */
  public static Resize fit(int size) {
    return fit(size, size);
  }

  /** Scales an image until it fits into the result, and pads it with black. */
  public static Resize fit(int height, int width) {
    return of(Mode.FIT, height, width);
  }

  /** Scales both sides to {@code size}. */
  public static Resize stretch(int size) {
    return stretch(size, size);
  }

  /** Scales both sides, each by its own factor. */
  public static Resize stretch(int height, int width) {
    return of(Mode.STRETCH, height, width);
  }

  /** Returns this rule with another filter; bilinear unless set. */
  public Resize filter(Filter filter) {
    return new Resize(mode, height, width, crop, filter);
  }

  /**
   * Returns this rule with another share of the scaled image that remains when it is covered; 1
   * unless set. With 0.875 and a size of 224 the short side is scaled to 256, as networks for
   * ImageNet are commonly evaluated.
   */
  public Resize crop(double crop) {
    return new Resize(mode, height, width, crop, filter);
  }

  /**
   * Returns the rule of a name: {@code cover}, {@code fit}, {@code stretch} or {@code pad}.
   *
   * @throws LaminaException if there is no such rule
   */
  public static Resize named(String name, int height, int width) {
    List<String> names =
        Stream.of(Mode.values()).map(mode -> Ascii.toLowerCase(mode.name())).toList();
    if (!names.contains(name)) {
      throw new LaminaException(
          String.format(Locale.ROOT, "resize must be one of %s, got %s", names, name));
    }
    return of(Mode.valueOf(Ascii.toUpperCase(name)), height, width);
  }

  /**
   * How one axis of an image is placed in the result.
   *
   * @param from the size of the image along the axis
   * @param scaled its size after scaling
   * @param offset where the result begins in the scaled image; negative if it is padded
   */
  record Axis(int from, int scaled, int offset) {}

  /** Returns the rows of an image of this size in the result. */
  Axis rows(int imageHeight, int imageWidth) {
    return axis(imageHeight, scaled(imageHeight, imageWidth, height, width), height);
  }

  /** Returns the columns of an image of this size in the result. */
  Axis columns(int imageHeight, int imageWidth) {
    return axis(imageWidth, scaled(imageWidth, imageHeight, width, height), width);
  }

  /**
   * Returns the weights of the rows of an image of this size in each row of the result: whole
   * numbers with the sum {@link #WEIGHTS_SUM}, within rounding, and zeros where it is padded.
   *
   * @return [height of the result][height of the image]
   */
  public float[][] rowWeights(int imageHeight, int imageWidth) {
    return Resampling.matrix(rows(imageHeight, imageWidth), height, filter);
  }

  /** Returns the weights of the columns, as {@link #rowWeights} does those of the rows. */
  public float[][] columnWeights(int imageHeight, int imageWidth) {
    return Resampling.matrix(columns(imageHeight, imageWidth), width, filter);
  }

  /** A crop's place is rounded as torchvision does, a padding's down. */
  private static Axis axis(int from, int scaled, int to) {
    int surplus = scaled - to;
    int offset = surplus > 0 ? (int) Math.rint(surplus / 2.0) : -(-surplus / 2);
    return new Axis(from, scaled, offset);
  }

  /** Returns the scaled size along one axis, given the sizes along it and along the other. */
  private int scaled(long from, long otherFrom, int to, int otherTo) {
    return switch (mode) {
      case STRETCH -> to;
      case PAD ->
          from <= to && otherFrom <= otherTo ? (int) from : covering(from, otherFrom, to, otherTo);
      case COVER -> covering(from, otherFrom, beforeCrop(to), beforeCrop(otherTo));
      case FIT ->
          to * otherFrom <= otherTo * from
              ? to
              : (int) Math.max(1, (2L * otherTo * from + otherFrom) / (2 * otherFrom));
    };
  }

  /** Returns the size that a covering image is scaled to before it is cropped to {@code to}. */
  public int beforeCrop(int to) {
    return (int) Math.floor(to / crop);
  }

  private static int covering(long from, long otherFrom, int to, int otherTo) {
    return to * otherFrom >= otherTo * from
        ? to
        : Math.toIntExact(Math.max(to, otherTo * from / otherFrom));
  }

  /**
   * Returns the pixels of the resized image, height x width x 3 bytes.
   *
   * @param name its name in messages
   * @throws LaminaException if it is so long that one side alone, scaled, has too many pixels
   */
  byte[] apply(ImageName name, RgbImage image) {
    long maxHeight = Images.MAX_PIXELS / beforeCrop(width);
    long maxWidth = Images.MAX_PIXELS / beforeCrop(height);
    if (image.height() > maxHeight || image.width() > maxWidth) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s is %d x %d (width x height), must be at most %d x %d to be resized to %d x %d; crop it first",
              name,
              image.width(),
              image.height(),
              maxWidth,
              maxHeight,
              width,
              height));
    }
    return new Resampling(this, image.height(), image.width()).apply(image.pixels());
  }

  /**
   * Returns the pixels of a resized image, height x width x 3 bytes, as for a file.
   *
   * @throws LaminaException if its sides differ too much: its height times the width of the result,
   *     or its width times the height, must be at most 2^26
   */
  public byte[] apply(BufferedImage image) {
    return apply(
        new ImageName("image", ""),
        new RgbImage(image.getHeight(), image.getWidth(), Images.pixels(image)));
  }
}
