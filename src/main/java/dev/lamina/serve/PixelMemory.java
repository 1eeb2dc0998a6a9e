package dev.lamina.serve;

import com.google.common.primitives.Ints;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Bounds the memory of the pixels of all requests: a small file may be a large image. Thread-safe.
 */
final class PixelMemory {
  private final int maximum;
  private final AtomicLong used = new AtomicLong();

  /**
   * Creates a memory of which nothing is used.
   *
   * @param maximum its size, in bytes
   */
  PixelMemory(int maximum) {
    this.maximum = maximum;
  }

  /** A quarter of the heap. */
  static PixelMemory ofHeap() {
    return new PixelMemory(Ints.saturatedCast(Runtime.getRuntime().maxMemory() / 4));
  }

  int maximum() {
    return maximum;
  }

  /** Returns the share of a request, of nothing. */
  Share share() {
    return new Share();
  }

  /** What one request uses, from before its images are decoded until it is answered. */
  final class Share {
    private long bytes;

    /**
     * Takes memory, before it is allocated.
     *
     * @throws HttpError if there is not as much
     */
    void take(int count) {
      bytes += count;
      boolean tooMuch = used.addAndGet(count) > maximum;
      if (bytes > maximum) {
        throw new HttpError(
            413,
            "the images of a request must take at most %s bytes as pixels, got more; send fewer"
                .formatted(maximum));
      }
      if (tooMuch) {
        throw new HttpError(503, "too many images are in memory; try again later");
      }
    }

    /** Gives all of it back. */
    void release() {
      used.addAndGet(-bytes);
      bytes = 0;
    }
  }
}
