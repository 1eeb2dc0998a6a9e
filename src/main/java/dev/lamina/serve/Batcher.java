package dev.lamina.serve;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.tensorflow.exceptions.TFInvalidArgumentException;

/**
 * Runs the images of many requests together, in the order in which they came. One batch runs at a
 * time; the next one is what has come meanwhile, so that batches grow with the load. Safe from many
 * threads.
 */
final class Batcher implements AutoCloseable {
  /** One image of a request. */
  private static final class Item {
    final byte[] image;
    final Request request;
    final int place;
    final long arrival = System.nanoTime();

    Item(byte[] image, Request request, int place) {
      this.image = image;
      this.request = request;
      this.place = place;
    }
  }

  /** Collects the rows of one request. */
  private static final class Request {
    final CompletableFuture<List<Row>> answer = new CompletableFuture<>();
    final AtomicReferenceArray<Row> rows;
    final AtomicInteger missing;

    Request(int count) {
      rows = new AtomicReferenceArray<>(count);
      missing = new AtomicInteger(count);
    }

    void put(int place, Row row) {
      rows.set(place, row);
      if (missing.decrementAndGet() == 0) {
        answer.complete(IntStream.range(0, rows.length()).mapToObj(rows::get).toList());
      }
    }
  }

  private final Function<List<byte[]>, SortedMap<String, Output>> model;
  private final int maxBatchSize;
  private final long timeout;
  private final int maxQueue;
  private final IntConsumer onBatch;
  private final Queue<Item> queue = new ArrayDeque<>();
  private final Thread thread;
  private boolean closed;

  /**
   * Starts with nothing to do.
   *
   * @param name what its thread is called
   * @param model runs a batch
   * @param maxBatchSize images in a batch, at most
   * @param timeout how long the first image of a batch waits for more
   * @param maxQueue images that wait, at most
   * @param onBatch is told the size of every batch
   */
  Batcher(
      String name,
      Function<List<byte[]>, SortedMap<String, Output>> model,
      int maxBatchSize,
      Duration timeout,
      int maxQueue,
      IntConsumer onBatch) {
    this.model = model;
    this.maxBatchSize = maxBatchSize;
    this.timeout = timeout.toNanos();
    this.maxQueue = maxQueue;
    this.onBatch = onBatch;
    thread = new Thread(this::loop, name);
    thread.start();
  }

  /**
   * Queues the images of one request.
   *
   * @return a row for each of them, in order; or the {@link Refusal} of the first one that failed
   * @throws Refusal where too many wait already
   */
  synchronized CompletableFuture<List<Row>> submit(List<byte[]> images) {
    if (closed) {
      throw stopping();
    }
    if (queue.size() + images.size() > maxQueue) {
      throw new Refusal(
          503,
          "at most %s images may wait, %s do and the request has %s; ask again later"
              .formatted(maxQueue, queue.size(), images.size()));
    }
    Request request = new Request(images.size());
    for (int i = 0; i < images.size(); i++) {
      queue.add(new Item(images.get(i), request, i));
    }
    notifyAll();
    return request.answer;
  }

  private static Refusal stopping() {
    return new Refusal(503, "the server is stopping; ask again later");
  }

  /** How many images wait. */
  synchronized int waiting() {
    return queue.size();
  }

  private void loop() {
    for (List<Item> batch = next(); !batch.isEmpty(); batch = next()) {
      onBatch.accept(batch.size());
      run(batch);
    }
  }

  /** Waits for a batch; empty where this is closed and nothing is left. */
  private synchronized List<Item> next() {
    List<Item> batch = new ArrayList<>();
    try {
      while (queue.isEmpty() && !closed) {
        wait();
      }
      while (!closed && queue.size() < maxBatchSize) {
        long left = queue.element().arrival + timeout - System.nanoTime();
        if (left <= 0) {
          break;
        }
        TimeUnit.NANOSECONDS.timedWait(this, left);
      }
    } catch (InterruptedException e) {
      // Nobody interrupts this thread.
      closed = true;
    }
    while (batch.size() < maxBatchSize && !queue.isEmpty()) {
      batch.add(queue.remove());
    }
    return batch;
  }

  private void run(List<Item> batch) {
    try {
      SortedMap<String, Output> outputs =
          model.apply(batch.stream().map(item -> item.image).toList());
      for (int i = 0; i < batch.size(); i++) {
        batch.get(i).request.put(batch.get(i).place, new Row(outputs, i));
      }
    } catch (RuntimeException | Error e) {
      if (batch.size() == 1) {
        Item item = batch.get(0);
        item.request.answer.completeExceptionally(
            e instanceof TFInvalidArgumentException
                ? Refusal.badRequest(
                    "image %s of the request (from 0) cannot be decoded; send a whole PNG or"
                        + " JPEG file",
                    item.place)
                : e);
      } else {
        // One bad image must not cost the others their answers.
        batch.forEach(item -> run(List.of(item)));
      }
    }
  }

  /** Refuses what waits and what comes after, and waits for the batch that runs. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      queue.forEach(item -> item.request.answer.completeExceptionally(stopping()));
      queue.clear();
      notifyAll();
    }
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
