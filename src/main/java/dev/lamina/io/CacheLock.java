package dev.lamina.io;

import com.google.common.util.concurrent.Striped;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.Lock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps others, threads and processes, from downloading or decoding the same at the same time, by a
 * lock on a file. It waits for them; who had to wait looks whether what it wanted is there.
 */
public final class CacheLock implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CacheLock.class);

  /** A lock on a file keeps out other processes, not other threads. */
  private static final Striped<Lock> THREADS = Striped.lazyWeakLock(1024);

  private final FileChannel channel;
  private final Lock thread;

  private CacheLock(FileChannel channel, Lock thread) {
    this.channel = channel;
    this.thread = thread;
  }

  /**
   * Waits for the lock of a whole folder, and takes it.
   *
   * @param cache the folder, which is created if it is missing
   * @throws IOException if the lock file cannot be written
   * @throws LaminaException if the thread is interrupted while another process has the lock
   */
  public static CacheLock ofFolder(Path cache) throws IOException {
    return of(cache, FolderLock.FILE);
  }

  /**
   * Waits for the lock of a file that is to be written, and takes it.
   *
   * @param file the file, whose folder is created if it is missing
   * @throws IOException if the lock file cannot be written
   * @throws LaminaException if the thread is interrupted while another process has the lock
   */
  public static CacheLock ofFile(Path file) throws IOException {
    return of(file.toAbsolutePath().resolveSibling(""), "." + file.getFileName() + ".lock");
  }

  private static CacheLock of(Path folder, String name) throws IOException {
    AtomicFiles.createFolder(folder);
    Path file = folder.toRealPath().resolve(name);
    Lock thread = THREADS.get(file);
    thread.lock();
    try {
      return new CacheLock(lock(file), thread);
    } catch (IOException | RuntimeException e) {
      thread.unlock();
      throw e;
    }
  }

  private static FileChannel lock(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (isHeld(channel, file)) {
        LOG.info("waiting for another process, which holds {}", file);
        await(channel, file);
      }
      return channel;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static void await(FileChannel channel, Path file) throws IOException {
    try {
      channel.lock();
    } catch (FileLockInterruptionException e) {
      throw new LaminaException(
          "the wait for another process, which holds " + file + ", was interrupted; start it again",
          e);
    }
  }

  /** Takes a lock that no other process holds; there is none where the file system has no locks. */
  private static boolean isHeld(FileChannel channel, Path file) {
    try {
      return channel.tryLock() == null;
    } catch (IOException e) {
      LOG.warn("{} cannot be locked ({}); other processes should not write there now", file, e);
      return false;
    }
  }

  /** Releases the lock. The file stays: others may be waiting for it. */
  @Override
  public void close() throws IOException {
    try {
      channel.close();
    } finally {
      thread.unlock();
    }
  }
}
