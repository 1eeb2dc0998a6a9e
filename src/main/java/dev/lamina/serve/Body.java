package dev.lamina.serve;

import java.io.ByteArrayOutputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;

/**
 * Takes the body of one request as it comes, without a thread that waits. It takes no more memory
 * than has come, and what all requests hold together is bounded too.
 */
final class Body {
  private final Request request;
  private final int most;
  private final AtomicLong held;
  private final long mostHeld;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final CompletableFuture<byte[]> whole = new CompletableFuture<>();
  private long reserved;
  private volatile boolean ended;

  /**
   * Nothing is taken yet.
   *
   * @param most bytes, at most
   * @param held bytes that all requests hold
   * @param mostHeld bytes that all requests may hold
   */
  Body(Request request, int most, AtomicLong held, long mostHeld) {
    this.request = request;
    this.most = most;
    this.held = held;
    this.mostHeld = mostHeld;
  }

  /** The whole body, once it has come; or a {@link Refusal}. */
  CompletableFuture<byte[]> read() {
    if (request.getHeaders().contains(HttpHeader.CONTENT_ENCODING)) {
      throw new Refusal(
          415,
          "Content-Encoding must not be used, got "
              + request.getHeaders().get(HttpHeader.CONTENT_ENCODING));
    }
    if (request.getLength() > most) {
      throw tooLong();
    }
    take();
    return whole;
  }

  private Refusal tooLong() {
    return new Refusal(413, "body must have at most %s bytes, got more".formatted(most));
  }

  private void take() {
    while (!whole.isDone()) {
      Content.Chunk chunk = request.read();
      if (chunk == null) {
        request.demand(this::take);
        return;
      }
      if (Content.Chunk.isFailure(chunk)) {
        ended = true;
        whole.completeExceptionally(
            Refusal.badRequest("body must be whole and well formed, it broke off"));
        return;
      }
      add(chunk);
    }
  }

  private void add(Content.Chunk chunk) {
    int count = chunk.remaining();
    reserved += count;
    if (held.addAndGet(count) > mostHeld) {
      whole.completeExceptionally(
          new Refusal(503, "the requests of all clients hold too much memory; ask again later"));
    } else if (reserved > most) {
      whole.completeExceptionally(tooLong());
    } else {
      byte[] some = new byte[count];
      chunk.get(some, 0, count);
      bytes.writeBytes(some);
    }
    boolean last = chunk.isLast();
    chunk.release();
    if (last) {
      ended = true;
      whole.complete(bytes.toByteArray());
    }
  }

  /** Whether there is nothing left to come. */
  boolean ended() {
    return ended;
  }

  /** Refuses the rest: the client was too slow. */
  void expire() {
    whole.completeExceptionally(new Refusal(408, "a request must arrive faster"));
  }

  /**
   * Reads and forgets what still comes, so that a client that is sending can take the answer: it
   * would lose it where the connection is closed on unread bytes.
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

  /** Gives up the share of the memory. */
  void release() {
    held.addAndGet(-reserved);
  }
}
