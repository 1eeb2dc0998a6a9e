package dev.lamina.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.torture.JavaProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheLockTest {
  @TempDir private Path folder;

  @Test
  void otherThread_waits() throws Exception {
    Path cache = folder.resolve("cache");
    CountDownLatch started = new CountDownLatch(1);
    CompletableFuture<Void> other;
    try (CacheLock first = CacheLock.ofFolder(cache)) {
      assertThat(first).isNotNull();
      other =
          CompletableFuture.runAsync(
              () -> {
                started.countDown();
                takeAndRelease(cache);
              });
      started.await();
      Thread.sleep(50);
      assertThat(other).isNotDone();
    }
    other.join();
  }

  /** Other images may be decoded to the same folder meanwhile. */
  @Test
  void otherFile_doesNotWait() throws Exception {
    try (CacheLock first = CacheLock.ofFile(folder.resolve("cache/a"))) {
      assertThat(first).isNotNull();
      CompletableFuture.runAsync(() -> takeAndRelease(folder.resolve("cache/b")))
          .get(1, TimeUnit.MINUTES);
      CompletableFuture.runAsync(() -> takeAndRelease(folder.resolve("cache")))
          .get(1, TimeUnit.MINUTES);
    }
  }

  @Test
  void otherProcess_waits() throws Exception {
    Path cache = folder.resolve("cache");
    Process other = JavaProcess.of(Taker.class, cache).start();
    try (CacheLock first = CacheLock.ofFolder(cache)) {
      assertThat(first).isNotNull();
      other.getOutputStream().write('x');
      other.getOutputStream().flush();
      assertThat(other.getInputStream().read()).isEqualTo('x');
      Thread.sleep(200);
      assertThat(other.isAlive()).isTrue();
    }
    assertThat(other.waitFor()).isZero();
  }

  @Test
  void interruptedWait_isSaid() throws Exception {
    Path cache = folder.resolve("cache");
    Process other = JavaProcess.of(Holder.class, cache).start();
    try {
      assertThat(other.getInputStream().read()).isEqualTo('x');
      Thread.currentThread().interrupt();
      assertThatExceptionOfType(LaminaException.class)
          .isThrownBy(() -> CacheLock.ofFolder(cache))
          .withMessage(
              "the wait for another process, which holds %s, was interrupted; start it again"
                  .formatted(cache.toRealPath().resolve(FolderLock.FILE)));
      assertThat(Thread.interrupted()).isTrue();
    } finally {
      other.destroy();
    }
  }

  private static void takeAndRelease(Path cache) {
    try {
      CacheLock.ofFolder(cache).close();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static final class Taker {
    public static void main(String[] args) throws IOException {
      // Until the other process has the lock.
      System.out.write(System.in.read());
      System.out.flush();
      takeAndRelease(Path.of(args[0]));
    }
  }

  static final class Holder {
    @SuppressWarnings("try") // The lock is held, not used.
    public static void main(String[] args) throws IOException {
      try (CacheLock lock = CacheLock.ofFolder(Path.of(args[0]))) {
        System.out.write('x');
        System.out.flush();
        // Until the other process ends this one.
        System.in.read();
      }
    }
  }
}
