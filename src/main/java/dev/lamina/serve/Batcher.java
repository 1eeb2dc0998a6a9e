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

/**
 * Batches the images of concurrent requests, in order of arrival (dynamic batching). One batch runs
 * at a time; the next one contains the images that arrived during that run, so batches grow with
 * the load. Thread-safe.
 */
final class Batcher implements AutoCloseable {
  /** One image of a request. */
  private static final class Item {
    final byte[] image;
    final Request request;
    final int index;
    final long arrival = System.nanoTime();

    Item(byte[] image, Request request, int index) {
      this.image = image;
      this.request = request;
      this.index = index;
    }
  }

  /** Collects the rows of one request. */
  private static final class Request {
    final CompletableFuture<List<BatchRow>> result = new CompletableFuture<>();
    final AtomicReferenceArray<BatchRow> rows;
    final AtomicInteger remaining;

    Request(int count) {
      rows = new AtomicReferenceArray<>(count);
      remaining = new AtomicInteger(count);
    }

    void put(int index, BatchRow row) {
      rows.set(index, row);
      if (remaining.decrementAndGet() == 0) {
        result.complete(IntStream.range(0, rows.length()).mapToObj(rows::get).toList());
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
   * Starts the thread, with an empty queue.
   *
   * @param name the name of the thread
   * @param model runs a batch
   * @param maxBatchSize the maximum number of images in a batch
   * @param timeout how long the first image of a batch waits for more
   * @param maxQueue the maximum number of images in the queue
   * @param onBatch called with the size of every batch
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
   * @return one row per image, in order; fails with the {@link HttpError} of the first image that
   *     failed
   * @throws HttpError if the queue is full, or the batcher is closed
   */
  synchronized CompletableFuture<List<BatchRow>> submit(List<byte[]> images) {
    if (closed) {
      throw stopping();
    }
    if (queue.size() + images.size() > maxQueue) {
      throw new HttpError(
          503,
          "queue must have at most %s images, has %s and the request has %s; try again later"
              .formatted(maxQueue, queue.size(), images.size()));
    }
    Request request = new Request(images.size());
    for (int i = 0; i < images.size(); i++) {
      queue.add(new Item(images.get(i), request, i));
    }
    notifyAll();
    return request.result;
  }

  private static HttpError stopping() {
    return new HttpError(503, "the server is stopping; try again later");
  }

  /** The number of queued images. */
  synchronized int waiting() {
    return queue.size();
  }

  private void loop() {
    boolean open = true;
    while (open) {
      open = runNext();
    }
  }

  /** Runs the next batch; returns false if there is none, since the batcher is closed. */
  private boolean runNext() {
    List<Item> batch = List.of();
    try {
      batch = next();
      if (batch.isEmpty()) {
        return false;
      }
      onBatch.accept(batch.size());
      run(batch);
    } catch (RuntimeException | Error e) {
      // Without this thread, requests would wait for ever.
      for (Item item : batch) {
        item.request.result.completeExceptionally(e);
      }
    }
    return true;
  }

  /** Waits for a batch; empty if the batcher is closed and the queue is empty. */
  private synchronized List<Item> next() {
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
      // Unreachable: the thread is private and never interrupted.
      closed = true;
    }
    int size = Math.min(maxBatchSize, queue.size());
    List<Item> batch = new ArrayList<>(size);
    // Allocates nothing, so that no image is lost if memory is exhausted.
    while (batch.size() < size) {
      batch.add(queue.remove());
    }
    return batch;
  }

  private void run(List<Item> batch) {
    try {
      SortedMap<String, Output> outputs =
          model.apply(batch.stream().map(item -> item.image).toList());
      for (int i = 0; i < batch.size(); i++) {
        batch.get(i).request.put(batch.get(i).index, new BatchRow(outputs, i));
      }
    } catch (RuntimeException | Error e) {
      if (batch.size() == 1) {
        batch.get(0).request.result.completeExceptionally(e);
      } else {
        // Images of one request must not fail those of others, for example for memory.
        batch.forEach(item -> run(List.of(item)));
      }
    }
  }

  /** Rejects queued and later requests, and waits for the running batch. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      queue.forEach(item -> item.request.result.completeExceptionally(stopping()));
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
