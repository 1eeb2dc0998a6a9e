package dev.lamina.model;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.registry.NameTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.tensorflow.ndarray.Shape;

/**
 * Test-time augmentation: a network sees several views of an image, and its answer is the weighted
 * mean of their <em>logits</em>, as in airbench (Jordan, <a
 * href="https://arxiv.org/abs/2404.00498">arXiv 2404.00498</a>, section 3.5). It costs as many
 * forward passes as there are views. State its accuracy apart from the plain one.
 *
 * @param views the views, whose weights sum to 1
 */
public record Tta(List<View> views) {
  /**
   * One view of an image: shifted by whole pixels, then mirrored. The image is continued by its own
   * reflection, without a repeat of the outermost pixel.
   *
   * @param mirrored whether it is mirrored left to right
   * @param down rows by which it is shifted, negative for up
   * @param right columns by which it is shifted, negative for left
   * @param weight the weight of its logits
   */
  public record View(boolean mirrored, int down, int right, double weight) {}

  private static final NameTable<Tta> NAMES = NameTable.of("test-time augmentation");

  static {
    NAMES.add("flip", flip());
    NAMES.add("flip-shift", flipAndShift());
  }

  /** Copies the list, and checks that the weights sum to 1. */
  public Tta {
    views = List.copyOf(views);
    double sum = views.stream().mapToDouble(View::weight).sum();
    checkArgument(Math.abs(sum - 1) < 1e-6, "weights of views must sum to 1, got %s", sum);
  }

  /** Returns the image alone, without augmentation. */
  static Tta none() {
    return new Tta(List.of(new View(false, 0, 0, 1)));
  }

  /** Returns two views of the same weight: the image and its mirror image. */
  public static Tta flip() {
    return new Tta(mirrored(0, 0, 0.5));
  }

  /**
   * Returns six views: the image, the image shifted by one pixel up and left, and down and right,
   * each with its mirror image. The unshifted pair has half of the weight.
   */
  public static Tta flipAndShift() {
    List<View> views = new ArrayList<>(mirrored(0, 0, 0.25));
    views.addAll(mirrored(1, 1, 0.125));
    views.addAll(mirrored(-1, -1, 0.125));
    return new Tta(views);
  }

  private static List<View> mirrored(int down, int right, double weight) {
    return List.of(new View(false, down, right, weight), new View(true, down, right, weight));
  }

  /** Returns the names for the command line. */
  public static Set<String> names() {
    return NAMES.names();
  }

  /**
   * Returns the augmentation with a name: {@code flip} or {@code flip-shift}.
   *
   * @throws IllegalArgumentException if there is none; the message suggests the nearest names
   */
  public static Tta get(String name) {
    return NAMES.get(name);
  }

  /**
   * Returns a view of some images.
   *
   * @param image the shape of one image: [height, width, channels]
   * @throws IllegalArgumentException if the images are not larger than the shift
   */
  static byte[] pixels(View view, byte[] images, Shape image) {
    int height = (int) image.get(0);
    int width = (int) image.get(1);
    int channels = (int) image.get(2);
    checkArgument(
        Math.abs(view.down()) < height && Math.abs(view.right()) < width,
        "images must be larger than the shift by %s and %s pixels, got %s x %s",
        view.down(),
        view.right(),
        height,
        width);
    byte[] seen = new byte[images.length];
    int rows = images.length / (width * channels);
    for (int row = 0; row < rows; row++) {
      int y = row % height;
      int from = (row - y + reflected(y - view.down(), height)) * width;
      for (int x = 0; x < width; x++) {
        int unmirrored = view.mirrored() ? width - 1 - x : x;
        int source = from + reflected(unmirrored - view.right(), width);
        System.arraycopy(images, source * channels, seen, (row * width + x) * channels, channels);
      }
    }
    return seen;
  }

  private static int reflected(int position, int size) {
    return position < 0 ? -position : position < size ? position : 2 * (size - 1) - position;
  }
}
