package dev.lamina.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Exclusive access to a folder, by a lock on the file {@code .lock} in it. The operating system
 * releases the lock when the process ends, even if it is killed; the file stays.
 */
public final class FolderLock implements AutoCloseable {
  /** The name of the lock file. */
  public static final String FILE = ".lock";

  /**
   * The folders that this process has locked. Their lock files must not be opened again: in POSIX,
   * closing any channel to a file releases all locks of the process on it.
   */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path folder;
  private final FileChannel channel;

  private FolderLock(Path folder, FileChannel channel) {
    this.folder = folder;
    this.channel = channel;
  }

  /**
   * Locks a folder, creating it if it is missing.
   *
   * @throws LaminaException if another run has the lock, or the folder cannot be locked
   */
  public static FolderLock of(Path folder) {
    // An interrupt, such as that of a cancelled task, would close the channel.
    boolean interrupted = Thread.interrupted();
    try {
      AtomicFiles.createFolder(folder);
      Path real = folder.toRealPath();
      if (!HELD.add(real)) {
        throw inUse(folder, "this process");
      }
      try {
        return new FolderLock(real, lock(folder));
      } catch (IOException | RuntimeException e) {
        HELD.remove(real);
        throw e;
      }
    } catch (IOException e) {
      throw new LaminaException(
          folder + " could not be locked (" + e + "); choose another folder", e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static FileChannel lock(Path folder) throws IOException {
    FileChannel channel =
        FileChannel.open(
            folder.resolve(FILE),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock == null) {
        throw inUse(folder, "process " + Files.readString(folder.resolve(FILE)).strip());
      }
      ByteBuffer pid =
          ByteBuffer.wrap(
              Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.UTF_8));
      channel.truncate(0).write(pid, 0);
      return channel;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static LaminaException inUse(Path folder, String by) {
    return new LaminaException(
        folder + " is in use by " + by + "; wait for it to end or choose another folder");
  }

  /** Releases the lock. Closing twice has no effect. */
  @Override
  public void close() {
    if (!channel.isOpen()) {
      return;
    }
    try {
      channel.close();
    } catch (IOException e) {
      throw new LaminaException(folder + " could not be unlocked (" + e + "); end the process", e);
    } finally {
      HELD.remove(folder);
    }
  }
}
