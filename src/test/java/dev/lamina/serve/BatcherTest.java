package dev.lamina.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.types.TInt64;

/** Tests the composition of batches, with a fake model. */
class BatcherTest {
  private static final Duration LONG = Duration.ofHours(1);

  private final List<Integer> sizes = Collections.synchronizedList(new ArrayList<>());

  /** Waits for a permit before every batch. */
  private final Semaphore permits = new Semaphore(0);

  /** Returns the value of each image, a single byte; negative ones fail to decode. */
  private SortedMap<String, Output> run(List<byte[]> images) {
    permits.acquireUninterruptibly();
    long[] values = new long[images.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = images.get(i)[0];
      if (values[i] < 0) {
        throw new IllegalStateException("image " + values[i]);
      }
    }
    try (TInt64 tensor = TInt64.tensorOf(Shape.of(values.length))) {
      StdArrays.copyTo(values, tensor);
      return new TreeMap<>(java.util.Map.of("value", Output.of(tensor)));
    }
  }

  private Batcher batcher(int maxBatchSize, Duration timeout, int maxQueue) {
    return new Batcher("test", this::run, maxBatchSize, timeout, maxQueue, sizes::add);
  }

  private static List<byte[]> images(int... values) {
    List<byte[]> images = new ArrayList<>();
    for (int value : values) {
      images.add(new byte[] {(byte) value});
    }
    return images;
  }

  private static String values(CompletableFuture<List<BatchRow>> answer) {
    return Client.text(JsonResponses.predictions(answer.join(), true));
  }

  @Test
  void requestsThatComeTogether_runTogether() {
    permits.release(100);
    try (Batcher batcher = batcher(4, LONG, 100)) {
      // The timeout does not expire: only a full batch runs.
      CompletableFuture<List<BatchRow>> first = batcher.submit(images(1));
      CompletableFuture<List<BatchRow>> second = batcher.submit(images(2, 3));
      assertThat(first).isNotDone();
      CompletableFuture<List<BatchRow>> third = batcher.submit(images(4));
      assertThat(values(first)).isEqualTo("{\"predictions\":[1]}");
      assertThat(values(second)).isEqualTo("{\"predictions\":[2,3]}");
      assertThat(values(third)).isEqualTo("{\"predictions\":[4]}");
      assertThat(sizes).containsExactly(4);
    }
  }

  @Test
  void withoutBatches_everyImageRunsAlone() {
    permits.release(100);
    try (Batcher batcher = batcher(1, LONG, 100)) {
      assertThat(values(batcher.submit(images(1, 2, 3)))).isEqualTo("{\"predictions\":[1,2,3]}");
      assertThat(sizes).containsExactly(1, 1, 1);
    }
  }

  @Test
  void timeout_isHowLongAnImageWaits() {
    permits.release(100);
    Duration wait = Duration.ofMillis(150);
    try (Batcher batcher = batcher(4, wait, 100)) {
      long begin = System.nanoTime();
      assertThat(values(batcher.submit(images(1)))).isEqualTo("{\"predictions\":[1]}");
      assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(wait.toNanos());
      assertThat(sizes).containsExactly(1);
    }
  }

  @Test
  void withoutTimeout_whatCameMeanwhileRunsNext() {
    try (Batcher batcher = batcher(4, Duration.ZERO, 100)) {
      CompletableFuture<List<BatchRow>> first = batcher.submit(images(1));
      while (batcher.waiting() > 0) {
        Thread.onSpinWait();
      }
      // The first one runs until it gets a permit.
      CompletableFuture<List<BatchRow>> rest = batcher.submit(images(2, 3, 4, 5, 6, 7));
      assertThat(batcher.waiting()).isEqualTo(6);
      permits.release(100);
      assertThat(values(first)).isEqualTo("{\"predictions\":[1]}");
      assertThat(values(rest)).isEqualTo("{\"predictions\":[2,3,4,5,6,7]}");
      assertThat(sizes).containsExactly(1, 4, 2);
    }
  }

  @Test
  void oneBadImage_failsItsRequestAlone() {
    permits.release(100);
    try (Batcher batcher = batcher(4, LONG, 100)) {
      CompletableFuture<List<BatchRow>> good = batcher.submit(images(1));
      CompletableFuture<List<BatchRow>> bad = batcher.submit(images(2, -3));
      CompletableFuture<List<BatchRow>> better = batcher.submit(images(4));
      assertThat(values(good)).isEqualTo("{\"predictions\":[1]}");
      assertThat(values(better)).isEqualTo("{\"predictions\":[4]}");
      assertThatThrownBy(bad::join)
          .isInstanceOf(CompletionException.class)
          .cause()
          .hasMessage("image -3");
    }
  }

  @Test
  void errorBetweenBatches_failsOneBatchAlone() {
    permits.release(100);
    IntConsumer failsOnce =
        size -> {
          sizes.add(size);
          if (sizes.size() == 1) {
            throw new OutOfMemoryError("Java heap space");
          }
        };
    try (Batcher batcher = new Batcher("test", this::run, 4, Duration.ZERO, 100, failsOnce)) {
      CompletableFuture<List<BatchRow>> failed = batcher.submit(images(1));
      assertThatThrownBy(() -> failed.orTimeout(1, TimeUnit.MINUTES).join())
          .cause()
          .hasMessage("Java heap space");
      assertThat(values(batcher.submit(images(2)).orTimeout(1, TimeUnit.MINUTES)))
          .isEqualTo("{\"predictions\":[2]}");
    }
  }

  @Test
  void queue_isBounded() {
    try (Batcher batcher = batcher(1, Duration.ZERO, 3)) {
      CompletableFuture<List<BatchRow>> first = batcher.submit(images(1));
      while (batcher.waiting() > 0) {
        Thread.onSpinWait();
      }
      CompletableFuture<List<BatchRow>> second = batcher.submit(images(2, 3));
      assertThatThrownBy(() -> batcher.submit(images(4, 5)))
          .isInstanceOf(HttpError.class)
          .hasMessage(
              "queue must have at most 3 images, has 2 and the request has 2; try again later")
          .extracting(e -> ((HttpError) e).status())
          .isEqualTo(503);
      permits.release(100);
      assertThat(values(first)).isEqualTo("{\"predictions\":[1]}");
      assertThat(values(second)).isEqualTo("{\"predictions\":[2,3]}");
      assertThat(values(batcher.submit(images(4, 5, 6)))).isEqualTo("{\"predictions\":[4,5,6]}");
    }
  }

  @Test
  void close_refusesWhatWaits() {
    Batcher batcher = batcher(4, LONG, 100);
    CompletableFuture<List<BatchRow>> waits = batcher.submit(images(1));
    batcher.close();
    assertThatThrownBy(waits::join).hasMessageContaining("the server is stopping; try again later");
    assertThatThrownBy(() -> batcher.submit(images(1)))
        .isInstanceOf(HttpError.class)
        .hasMessage("the server is stopping; try again later");
    assertThat(sizes).isEmpty();
  }
}
