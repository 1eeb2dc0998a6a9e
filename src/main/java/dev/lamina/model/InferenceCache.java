package dev.lamina.model;

import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Caches the frozen form of a model until its weights change. Any number of threads use it at once;
 * each keeps the form that it started with until it is done.
 */
final class InferenceCache implements AutoCloseable {
  private static final class Entry {
    final Evaluator evaluator;
    final long version;
    int users;
    boolean retired;

    Entry(Evaluator evaluator, long version) {
      this.evaluator = evaluator;
      this.version = version;
    }
  }

  private final LongSupplier version;
  private final Freezer freezer;
  private @Nullable Entry current;

  /**
   * Creates an empty cache.
   *
   * @param version changes with the weights
   * @param freezer creates the frozen form of the current weights
   */
  InferenceCache(LongSupplier version, Freezer freezer) {
    this.version = version;
    this.freezer = freezer;
  }

  /**
   * Calls a function with the frozen form of the current weights, which stays open during the call.
   */
  <T> T with(Function<Evaluator, T> use) {
    Entry entry = acquire();
    try {
      return use.apply(entry.evaluator);
    } finally {
      release(entry);
    }
  }

  /** Calls a function with a frozen form of other weights, or those of now, which is not cached. */
  <T> T with(Optional<Weights> weights, Function<Evaluator, T> use) {
    Evaluator evaluator = weights.map(freezer::freeze).orElseGet(freezer::freeze);
    try {
      return use.apply(evaluator);
    } finally {
      freezer.release(evaluator);
    }
  }

  private synchronized Entry acquire() {
    // Read first, so that weights that change during freezing are frozen again by the next use.
    long now = version.getAsLong();
    Entry entry = current;
    if (entry == null || entry.version != now) {
      retire();
      entry = new Entry(freezer.freeze(), now);
      current = entry;
    }
    entry.users++;
    return entry;
  }

  private synchronized void release(Entry entry) {
    entry.users--;
    if (entry.retired && entry.users == 0) {
      freezer.release(entry.evaluator);
    }
  }

  private void retire() {
    if (current != null) {
      current.retired = true;
      if (current.users == 0) {
        freezer.release(current.evaluator);
      }
      current = null;
    }
  }

  /** Waits for current runs, then frees the frozen form; later runs of its users fail. */
  @Override
  public synchronized void close() {
    if (current != null) {
      current.evaluator.close();
      current = null;
    }
    freezer.close();
  }
}
