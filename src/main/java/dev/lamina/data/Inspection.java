package dev.lamina.data;

import dev.lamina.data.Listing.Item;
import dev.lamina.io.LaminaException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Looks for what makes training or its accuracy worse than it seems. */
public final class Inspection {
  /** The largest class may have so many times the images of the smallest one. */
  private static final int MAX_RATIO = 10;

  /** A class of fewer training images is hardly learnt without a pretrained network. */
  private static final int FEW = 20;

  private Inspection() {}

  /**
   * Inspects a data set: the same pixels in two parts or with two labels, classes with few images
   * or far fewer than others.
   */
  public static List<Finding> of(ImageData data) {
    return of(data, (part, index) -> part + " image " + index);
  }

  /**
   * Inspects a data set of image files, which are named; also the sizes of the files.
   *
   * @param path the folder or CSV file that {@code data} was opened from
   * @throws LaminaException if the files have changed since
   */
  public static List<Finding> of(ImageData data, Path path) {
    Listing listing = Listing.of(path);
    if (listing.train().size() != data.train().size()
        || listing.test().size() != data.test().size()) {
      throw new LaminaException(path + " has changed while it was read; inspect it again");
    }
    List<Finding> findings =
        of(
            data,
            (part, index) ->
                listing
                    .name(
                        (switch (part) {
                              case "train" -> listing.train();
                              case "test" -> listing.test();
                              default -> listing.validation();
                            })
                            .get(index)
                            .file())
                    .toString());
    sizes(listing).ifPresent(findings::add);
    turned(listing, data.train().preprocessing().upright(), Images::orientation)
        .ifPresent(findings::add);
    return findings;
  }

  private static List<Finding> of(ImageData data, Duplicates.Names names) {
    List<Finding> findings = Duplicates.find(data, names);
    uneven(data.train()).ifPresent(findings::add);
    few(data.train()).ifPresent(findings::add);
    return findings;
  }

  private static Optional<Finding> uneven(ImageSet train) {
    int[] counts = ImageData.counts(train);
    Comparator<Integer> byCount = Comparator.comparingInt(label -> counts[label]);
    List<Integer> present =
        IntStream.range(0, counts.length).filter(label -> counts[label] > 0).boxed().toList();
    int largest = present.stream().max(byCount).orElseThrow();
    int smallest = present.stream().min(byCount).orElseThrow();
    return counts[largest] <= MAX_RATIO * counts[smallest]
        ? Optional.empty()
        : Optional.of(
            new Finding(
                String.format(
                    Locale.ROOT,
                    "class %s has %d training images, class %s only %d",
                    train.classNames().get(largest),
                    counts[largest],
                    train.classNames().get(smallest),
                    counts[smallest]),
                "add images to the small classes, or weigh them: CrossEntropy has class weights"));
  }

  private static Optional<Finding> few(ImageSet train) {
    int[] counts = ImageData.counts(train);
    IntPredicate isFew = label -> counts[label] > 0 && counts[label] < FEW;
    long classes = IntStream.range(0, counts.length).filter(isFew).count();
    return classes == 0
        ? Optional.empty()
        : Optional.of(
            new Finding(
                String.format(
                    Locale.ROOT,
                    "%d of %d classes have fewer than %d training images",
                    classes,
                    counts.length,
                    FEW),
                "add images, or start from a trained network with train --from"));
  }

  /** Images of different sizes. */
  private static Optional<Finding> sizes(Listing listing) {
    List<Images.Size> sizes =
        files(listing).parallelStream()
            .map(Images::size)
            .sorted(Comparator.comparingLong(size -> (long) size.height() * size.width()))
            .toList();
    if (sizes.stream().distinct().count() == 1) {
      return Optional.empty();
    }
    return Optional.of(
        new Finding(
            String.format(
                Locale.ROOT,
                "the files are %s to %s pixels (width x height), the median is %s",
                text(sizes.get(0)),
                text(sizes.get(sizes.size() - 1)),
                text(sizes.get(sizes.size() / 2))),
            "all become one size by --image-size, which should not be larger than the median"));
  }

  private static List<Path> files(Listing listing) {
    return Stream.of(listing.train(), listing.validation(), listing.test())
        .flatMap(List::stream)
        .map(Item::file)
        .toList();
  }

  /** Photographs that lie on their side as they are stored. */
  static Optional<Finding> turned(
      Listing listing, boolean upright, ToIntFunction<Path> orientation) {
    List<Path> turned =
        files(listing).parallelStream()
            .filter(file -> orientation.applyAsInt(file) != 1)
            .map(listing::name)
            .toList();
    if (turned.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Finding(
            String.format(
                Locale.ROOT,
                "%d file%s with an EXIF orientation (%s)",
                turned.size(),
                turned.size() == 1 ? "" : "s",
                Skipped.names(turned)),
            upright
                ? "--upright turns them, in training and in prediction"
                : "they are used as stored, as in torchvision and Keras; give --upright to turn them, in training and in prediction"));
  }

  private static String text(Images.Size size) {
    return size.width() + " x " + size.height();
  }
}
