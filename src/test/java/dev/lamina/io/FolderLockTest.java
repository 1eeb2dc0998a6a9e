package dev.lamina.io;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.data.Rejected;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderLockTest {
  @TempDir private Path folder;

  @Test
  void lock_keepsASecondOneOut_untilItIsClosed() {
    Path run = folder.resolve("deep/run");
    FolderLock first = FolderLock.of(run);
    Rejected.with(
        run + " is in use by this process; wait for it to end or choose another folder",
        () -> FolderLock.of(run));
    // Another path to the same folder. Neither attempt may have opened the lock file.
    Rejected.with(
        run + "/../run is in use by this process; wait for it to end or choose another folder",
        () -> FolderLock.of(run.resolve("../run")));
    assertThat(lockedElsewhere(run)).isTrue();
    first.close();
    first.close();
    assertThat(lockedElsewhere(run)).isFalse();
    FolderLock.of(run).close();
  }

  @Test
  void interruptedThread_locks_andStaysInterrupted() {
    Thread.currentThread().interrupt();
    FolderLock lock = FolderLock.of(folder);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(lockedElsewhere(folder)).isTrue();
    lock.close();
  }

  @Test
  void lockOfAnotherProcess_isNamed() throws Exception {
    Process other = holder(folder);
    try {
      Rejected.with(
          folder
              + " is in use by process "
              + other.pid()
              + "; wait for it to end or choose another folder",
          () -> FolderLock.of(folder));
    } finally {
      // The operating system releases the lock, even if the process is killed.
      other.destroyForcibly().waitFor();
    }
    FolderLock.of(folder).close();
  }

  @Test
  void folderThatCannotBeMade_isRejected() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    Rejected.with(
        file
            + " could not be locked (java.nio.file.FileAlreadyExistsException: "
            + file
            + "); choose another folder",
        () -> FolderLock.of(file));
  }

  private static boolean lockedElsewhere(Path run) {
    try {
      Process other = holder(run);
      other.destroyForcibly().waitFor();
      return false;
    } catch (IllegalStateException refused) {
      return true;
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** A process that holds the lock. */
  private static Process holder(Path folder) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Holder.class.getName(),
                folder.toString())
            .start();
    if (process.getInputStream().read() != 'x') {
      throw new IllegalStateException("the lock was refused");
    }
    return process;
  }

  static final class Holder {
    public static void main(String[] args) throws IOException {
      FolderLock.of(Path.of(args[0]));
      System.out.print('x');
      System.out.flush();
      // Until the other process ends it, or ends itself.
      System.in.read();
    }
  }
}
