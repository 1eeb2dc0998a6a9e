package dev.lamina.io;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Writes files atomically: to a temporary file beside the target, which is then renamed. An
 * interrupt of the thread, such as that of a cancelled task, does not end the writing.
 */
public final class AtomicFiles {
  private static final int CHUNK = 1 << 16;

  /** Of the 255 bytes of a file name, what a temporary one leaves for that of its target. */
  private static final int MAX_TARGET_NAME = 255 - "..".length() - 36 - ".tmp".length();

  private AtomicFiles() {}

  /**
   * Writes a file, replacing an existing one. Creates missing parent folders.
   *
   * @throws LaminaException if it cannot be written; an existing file is unchanged
   */
  public static void write(Path file, byte[] content) {
    try {
      write(file, List.of(ByteBuffer.wrap(content)));
    } catch (IOException e) {
      throw new LaminaException(
          file + " could not be written (" + e + "); free space or choose another folder", e);
    }
  }

  /** Writes a file from buffers in order, replacing an existing one. */
  public static void write(Path file, List<ByteBuffer> pieces) throws IOException {
    write(file, temporary(file), out -> writeAll(out, pieces));
  }

  /** Writes the content of a file. */
  public interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * Writes a file whose content takes long to make, replacing an existing one. If the process is
   * stopped meanwhile, by Ctrl-C, nothing is left of it.
   */
  public static void write(Path file, Content content) throws IOException {
    Path temporary = temporary(file);
    temporary.toFile().deleteOnExit();
    write(file, temporary, content);
  }

  private static void write(Path file, Path temporary, Content content) throws IOException {
    try {
      flush(temporary, content);
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      flushFolder(temporary.resolveSibling(""));
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Returns a new path beside the target, to be renamed to it; creates the folder of both. */
  public static Path temporary(Path target) throws IOException {
    Path absolute = target.toAbsolutePath();
    // createTempFile would make the file readable by its owner only.
    Path temporary =
        absolute.resolveSibling(
            "." + end(String.valueOf(absolute.getFileName())) + "." + UUID.randomUUID() + ".tmp");
    createFolder(temporary.resolveSibling(""));
    return temporary;
  }

  /** Returns as much of the end of a name as fits into that of a temporary file. */
  private static String end(String name) {
    String end = name;
    while (end.getBytes(StandardCharsets.UTF_8).length > MAX_TARGET_NAME) {
      end = end.substring(end.offsetByCodePoints(0, 1));
    }
    return end;
  }

  /** Creates a folder and its parents, unless there is one or a symbolic link to one. */
  public static void createFolder(Path folder) throws IOException {
    // createDirectories of older releases of Java 17 fails for the link.
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder);
    }
  }

  /** Writes a new file and forces it to the storage device. */
  public static void flush(Path file, List<ByteBuffer> pieces) throws IOException {
    flush(file, out -> writeAll(out, pieces));
  }

  private static void flush(Path file, Content content) throws IOException {
    // A stream, since an interrupt would close a channel.
    try (OutputStream out =
        Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      content.writeTo(out);
    }
    flush(file);
  }

  /** Forces a file that was written to the storage device. */
  public static void flush(Path file) throws IOException {
    force(file, StandardOpenOption.WRITE);
  }

  /** Writes all remaining bytes of the buffers, in order. */
  public static void writeAll(OutputStream out, List<ByteBuffer> pieces) throws IOException {
    byte[] chunk = new byte[CHUNK];
    for (ByteBuffer piece : pieces) {
      while (piece.hasRemaining()) {
        int length = Math.min(CHUNK, piece.remaining());
        piece.get(chunk, 0, length);
        out.write(chunk, 0, length);
      }
    }
  }

  /**
   * Forces the entries of a folder to the storage device where that is possible, so that a rename
   * survives a power failure.
   */
  public static void flushFolder(Path folder) {
    try {
      force(folder, StandardOpenOption.READ);
    } catch (IOException e) {
      // Windows cannot open folders; NTFS keeps their entries in a journal. Some shared folders of
      // virtual machines cannot flush them. The file itself is there, whole, under its name.
    }
  }

  /** Forces a file or folder to the storage device, also if the thread is interrupted. */
  private static void force(Path path, OpenOption option) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      while (!isForced(path, option)) {
        interrupted |= Thread.interrupted();
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Returns false if an interrupt of the thread has closed the channel. */
  private static boolean isForced(Path path, OpenOption option) throws IOException {
    try (FileChannel channel = FileChannel.open(path, option)) {
      channel.force(true);
      return true;
    } catch (ClosedByInterruptException e) {
      return false;
    }
  }

  /**
   * Deletes the temporary files that killed writers left in a folder and its subfolders. No other
   * process may write there at the same time.
   *
   * @throws LaminaException if a file cannot be deleted
   */
  public static void removeTemporaries(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      // Collects first: walk must not enter a folder that is being deleted.
      for (Path file : files.filter(AtomicFiles::isTemporary).toList()) {
        MoreFiles.deleteRecursively(file, RecursiveDeleteOption.ALLOW_INSECURE);
      }
    } catch (IOException | UncheckedIOException e) {
      throw new LaminaException(
          folder + " could not be cleaned (" + e + "); check its permissions", e);
    }
  }

  /** Whether this is a temporary file of a current or killed writer. */
  public static boolean isTemporary(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.startsWith(".") && name.endsWith(".tmp");
  }

  /** Writes text as UTF-8, replacing an existing file. */
  public static void writeString(Path file, String text) {
    write(file, text.getBytes(StandardCharsets.UTF_8));
  }
}
