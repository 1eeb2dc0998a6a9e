package dev.lamina.data;

import static com.google.common.base.Preconditions.checkArgument;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * How image files are read.
 *
 * <pre>{@code
 * ImageData photos =
 *     ImageData.open(folder, ReadOptions.create().preprocessing(Preprocessing.of(Resize.cover(64))));
 * }</pre>
 *
 * @param preprocessing how images become those of one size; empty if all must have one size already
 * @param cache the folder of decoded pixels that do not stay in memory; {@code .lamina/streamed} in
 *     the home folder unless set
 * @param streamed whether the pixels stay on disk even if they fit in memory; false unless set
 * @param maxMemory the number of bytes of pixels that may be in memory; if there are more, they
 *     stay on disk. A quarter of the Java heap unless set: splitting a set copies it. If a part has
 *     more than 2 GB, all stay on disk in any case
 * @param listener is told how many images are decoded; does nothing unless set
 */
public record ReadOptions(
    Optional<Preprocessing> preprocessing,
    Path cache,
    boolean streamed,
    long maxMemory,
    Listener listener) {
  private static final int MAX_ARRAY = Integer.MAX_VALUE - 8;

  /** Is told of progress. */
  public interface Listener {
    /**
     * Called after an image was decoded, from several threads at once.
     *
     * @param done the number of images that are decoded
     * @param total the number of images that will be
     */
    void onDecoded(int done, int total);
  }

  /** Checks the values. */
  public ReadOptions {
    checkArgument(maxMemory >= 0, "maxMemory must not be negative, got %s", maxMemory);
  }

  /**
   * Returns why pixels do not stay in memory, or nothing if they do or are not to.
   *
   * @param total the number of bytes of all parts
   * @param largest the number of bytes of the largest part, which is one array in memory
   */
  Optional<String> tooLarge(long total, long largest) {
    if (streamed || (total <= maxMemory && largest <= MAX_ARRAY)) {
      return Optional.empty();
    }
    String reason =
        largest > MAX_ARRAY
            ? String.format(
                Locale.ROOT,
                "the pixels of one part take %,d MB, and an array of Java holds %,d MB",
                largest >> 20,
                MAX_ARRAY >> 20)
            : String.format(
                Locale.ROOT,
                "the pixels take %,d MB, and %,d MB may be in memory (a quarter of the Java heap; raise -Xmx to change it)",
                total >> 20,
                maxMemory >> 20);
    return Optional.of("streamed from disk: " + reason + "; they are kept in " + cache);
  }

  /** Returns the defaults. */
  public static ReadOptions create() {
    return new ReadOptions(
        Optional.empty(),
        Path.of(System.getProperty("user.home"), ".lamina", "streamed"),
        false,
        Runtime.getRuntime().maxMemory() / 4,
        (done, total) -> {});
  }

  /** Returns these options with a preprocessing of images of any size. */
  public ReadOptions preprocessing(Preprocessing preprocessing) {
    return new ReadOptions(Optional.of(preprocessing), cache, streamed, maxMemory, listener);
  }

  /** Returns these options with another folder for decoded pixels; created if it is missing. */
  public ReadOptions cache(Path cache) {
    return new ReadOptions(preprocessing, cache, streamed, maxMemory, listener);
  }

  /** Returns these options with the pixels on disk, or in memory where they fit. */
  public ReadOptions streamed(boolean streamed) {
    return new ReadOptions(preprocessing, cache, streamed, maxMemory, listener);
  }

  /** Returns these options with another number of bytes of pixels that may be in memory. */
  public ReadOptions maxMemory(long bytes) {
    return new ReadOptions(preprocessing, cache, streamed, bytes, listener);
  }

  /** Returns these options with a listener to progress. */
  public ReadOptions listener(Listener listener) {
    return new ReadOptions(preprocessing, cache, streamed, maxMemory, listener);
  }
}
