package dev.lamina.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps others, threads and processes, from downloading or decoding to the same cache at the same
 * time, by a lock on a file in it. It waits for them; who had to wait looks whether the file is
 * there.
 */
public final class CacheLock implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CacheLock.class);

  /** A lock on a file keeps out other processes, not other threads. */
  private static final ReentrantLock THREADS = new ReentrantLock();

  private final FileChannel channel;

  private CacheLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Waits for the lock, and takes it.
   *
   * @param cache the folder, which is created if it is missing
   * @throws IOException if the lock file cannot be written or locked
   */
  public static CacheLock of(Path cache) throws IOException {
    THREADS.lock();
    try {
      return new CacheLock(lock(cache));
    } catch (IOException | RuntimeException e) {
      THREADS.unlock();
      throw e;
    }
  }

  private static FileChannel lock(Path cache) throws IOException {
    AtomicFiles.createFolder(cache);
    FileChannel channel =
        FileChannel.open(
            cache.resolve(FolderLock.FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (channel.tryLock() == null) {
        LOG.info("waiting for another process, which writes to {}", cache);
        channel.lock();
      }
      return channel;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Releases the lock. The file stays: others may be waiting for it. */
  @Override
  public void close() throws IOException {
    try {
      channel.close();
    } finally {
      THREADS.unlock();
    }
  }
}
