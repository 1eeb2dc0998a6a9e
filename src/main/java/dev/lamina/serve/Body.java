package dev.lamina.serve;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;

/**
 * Reads the body of one request asynchronously. Memory grows with the bytes received, not with the
 * declared length, and the total of all requests is bounded too.
 */
final class Body {
  /** The number of bodies of maximum length that may be in memory, if the heap is large enough. */
  private static final int FULL_BODIES = 4;

  /** While it is read, a body takes up to three times its length. */
  private static final int SHARE_OF_HEAP = 8;

  private final Request request;
  private final int maxBytes;
  private final AtomicLong buffered;
  private final long maxBuffered;
  private final PixelMemory.Share pixels;
  private final CompletableFuture<byte[]> complete = new CompletableFuture<>();
  private ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private long reserved;
  private volatile boolean ended;

  /**
   * Creates a body of which nothing has been read.
   *
   * @param maxBytes the maximum length; at most {@code maxBuffered} counts
   * @param buffered the bytes in memory, of all requests
   * @param maxBuffered the maximum of {@code buffered}
   * @param pixels the memory of its images
   */
  Body(
      Request request,
      int maxBytes,
      AtomicLong buffered,
      long maxBuffered,
      PixelMemory.Share pixels) {
    this.request = request;
    this.maxBytes = (int) Math.min(maxBytes, maxBuffered);
    this.buffered = buffered;
    this.maxBuffered = maxBuffered;
    this.pixels = pixels;
  }

  /** Returns the maximum of the bytes in memory, of all requests. */
  static long maxBuffered(int maxBytes, long heap) {
    return Math.min(FULL_BODIES * (long) maxBytes, heap / SHARE_OF_HEAP);
  }

  /** Returns the complete body; fails with an {@link HttpError}. */
  CompletableFuture<byte[]> read() {
    String encoding = request.getHeaders().get(HttpHeader.CONTENT_ENCODING);
    if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
      throw new HttpError(415, "Content-Encoding must not be used, got " + encoding);
    }
    if (request.getLength() > maxBytes) {
      throw tooLong();
    }
    readChunks();
    return complete;
  }

  private void readChunks() {
    try {
      readAvailable();
    } catch (OutOfMemoryError e) {
      complete.completeExceptionally(memoryFull());
    }
  }

  private static HttpError memoryFull() {
    return new HttpError(503, "too many request bodies are in memory; try again later");
  }

  private HttpError tooLong() {
    return new HttpError(413, "body must have at most %s bytes, got more".formatted(maxBytes));
  }

  private void readAvailable() {
    while (!complete.isDone()) {
      Content.Chunk chunk = request.read();
      if (chunk == null) {
        request.demand(this::readChunks);
        return;
      }
      if (Content.Chunk.isFailure(chunk)) {
        ended = true;
        complete.completeExceptionally(
            chunk.getFailure() instanceof TimeoutException
                ? new HttpError(408, "request timed out: its body stopped arriving")
                : HttpError.badRequest(
                    "body must be complete and well-formed, but it ended early"));
        return;
      }
      add(chunk);
    }
  }

  private void add(Content.Chunk chunk) {
    boolean last = chunk.isLast();
    try {
      keep(chunk);
    } finally {
      chunk.release();
    }
    if (last) {
      ended = true;
      byte[] all = bytes.toByteArray();
      bytes = new ByteArrayOutputStream(0);
      complete.complete(all);
    }
  }

  private void keep(Content.Chunk chunk) {
    int count = chunk.remaining();
    reserved += count;
    boolean full = buffered.addAndGet(count) > maxBuffered;
    if (reserved > maxBytes) {
      complete.completeExceptionally(tooLong());
    } else if (full) {
      complete.completeExceptionally(memoryFull());
    } else {
      byte[] some = new byte[count];
      chunk.get(some, 0, count);
      bytes.writeBytes(some);
    }
  }

  /** Whether the request has a body that was not read to its end. */
  boolean unread() {
    return !ended
        && (request.getLength() > 0 || request.getHeaders().contains(HttpHeader.TRANSFER_ENCODING));
  }

  /** Fails with status 408 if the body is not complete. */
  void expire(Duration timeout) {
    complete.completeExceptionally(new HttpError(408, Deadlines.timedOut(timeout)));
  }

  /**
   * Reads and discards the rest of the body. Closing a connection with unread bytes resets it, and
   * the client could lose the response.
   */
  void drain(Runnable done) {
    while (true) {
      Content.Chunk chunk = request.read();
      if (chunk == null) {
        request.demand(() -> drain(done));
        return;
      }
      boolean last = chunk.isLast() || Content.Chunk.isFailure(chunk);
      chunk.release();
      if (last) {
        done.run();
        return;
      }
    }
  }

  /** The memory of its images. */
  PixelMemory.Share pixels() {
    return pixels;
  }

  /** Releases this body's bytes from the total. */
  void release() {
    buffered.addAndGet(-reserved);
  }
}
