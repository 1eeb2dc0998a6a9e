package dev.lamina.model;

import dev.lamina.export.FrozenNetwork;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The frozen form of a model, made anew when its weights have changed. Any number of threads use it
 * at once; a change waits for them, and so does closing.
 */
final class Frozen implements AutoCloseable {
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private final LongSupplier version;
  private final Supplier<FrozenNetwork> freeze;
  private @Nullable FrozenNetwork current;
  private long currentVersion;

  /**
   * Nothing is frozen yet.
   *
   * @param version changes with the weights
   * @param freeze makes the frozen form of the weights as they are
   */
  Frozen(LongSupplier version, Supplier<FrozenNetwork> freeze) {
    this.version = version;
    this.freeze = freeze;
  }

  <T> T with(Function<FrozenNetwork, T> use) {
    lock.readLock().lock();
    try {
      FrozenNetwork network = current;
      if (network != null && currentVersion == version.getAsLong()) {
        return use.apply(network);
      }
    } finally {
      lock.readLock().unlock();
    }
    FrozenNetwork network = renew();
    try {
      return use.apply(network);
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Leaves the lock locked for reading. */
  private FrozenNetwork renew() {
    lock.writeLock().lock();
    try {
      FrozenNetwork network = current;
      long now = version.getAsLong();
      if (network == null || currentVersion != now) {
        discard();
        network = freeze.get();
        current = network;
        currentVersion = now;
      }
      lock.readLock().lock();
      return network;
    } finally {
      lock.writeLock().unlock();
    }
  }

  private void discard() {
    if (current != null) {
      current.close();
      current = null;
    }
  }

  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      discard();
    } finally {
      lock.writeLock().unlock();
    }
  }
}
