package dev.lamina.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.junit.jupiter.api.Test;

/** The memory of bodies. */
class BodyTest {
  private static final String FULL = "too many request bodies are in memory; try again later";

  private final AtomicLong buffered = new AtomicLong();

  /** A request whose chunks have all arrived. */
  private static Request request(Content.Chunk... chunks) {
    Iterator<Content.Chunk> next = List.of(chunks).iterator();
    return (Request)
        Proxy.newProxyInstance(
            Request.class.getClassLoader(),
            new Class<?>[] {Request.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "getHeaders" -> HttpFields.EMPTY;
                  case "getLength" -> -1L;
                  case "read" -> next.next();
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  private static Content.Chunk chunk(int count) {
    return Content.Chunk.from(ByteBuffer.allocate(count), true);
  }

  /** Returns a body with a maximum length of 10. */
  private Body body(long maxBuffered, Content.Chunk... chunks) {
    return new Body(request(chunks), 10, buffered, maxBuffered, new PixelMemory(1).share());
  }

  private static void fails(int status, String message, Body body) {
    CompletableFuture<byte[]> read = body.read();
    assertThat(read).isCompletedExceptionally();
    assertThatThrownBy(read::join)
        .cause()
        .hasMessage(message)
        .extracting(e -> ((HttpError) e).status())
        .isEqualTo(status);
  }

  @Test
  void total_dependsOnTheHeap() {
    assertThat(Body.maxBuffered(32 << 20, 256 << 20)).isEqualTo(32 << 20);
    assertThat(Body.maxBuffered(32 << 20, 8L << 30)).isEqualTo(128 << 20);
  }

  @Test
  void total_isBounded() {
    Body first = body(15, chunk(10));
    assertThat(first.read().join()).hasSize(10);
    Body second = body(15, chunk(6));
    fails(503, FULL, second);
    second.release();
    assertThat(body(15, chunk(5)).read().join()).hasSize(5);
  }

  /** Later would be no better. */
  @Test
  void bodyAboveTheTotal_isTooLong() {
    fails(413, "body must have at most 8 bytes, got more", body(8, chunk(9)));
    fails(413, "body must have at most 10 bytes, got more", body(15, chunk(11)));
  }

  @Test
  void exhaustedMemory_isSaidAtOnce() {
    Content.Chunk exhausting =
        new Content.Chunk() {
          @Override
          public ByteBuffer getByteBuffer() {
            throw new OutOfMemoryError("Java heap space");
          }

          @Override
          public boolean isLast() {
            return false;
          }
        };
    fails(503, FULL, body(15, exhausting));
  }
}
