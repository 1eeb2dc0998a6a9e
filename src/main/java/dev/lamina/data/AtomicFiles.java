package dev.lamina.data;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/** Writes files as a whole or not at all: a temporary file beside the target, then a rename. */
public final class AtomicFiles {
  private AtomicFiles() {}

  /**
   * Writes a file, replacing one that exists. Missing parent folders are made.
   *
   * @throws DataException where it cannot be written; what stood there before is untouched
   */
  public static void write(Path file, byte[] content) {
    try {
      write(file, List.of(ByteBuffer.wrap(content)));
    } catch (IOException e) {
      throw new DataException(
          file + " could not be written (" + e + "); free space or choose another folder", e);
    }
  }

  /** Writes the pieces of a file one after the other, replacing one that exists. */
  public static void write(Path file, List<ByteBuffer> pieces) throws IOException {
    write(file, channel -> writeAll(channel, pieces));
  }

  /** Writes what a file holds. */
  interface Content {
    void writeTo(FileChannel channel) throws IOException;
  }

  static void write(Path file, Content content) throws IOException {
    Path temporary = temporary(file);
    try {
      flush(temporary, content);
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      flushFolder(temporary.resolveSibling(""));
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** A new path beside the target, to be renamed to it; the folder of both is made. */
  public static Path temporary(Path target) throws IOException {
    Path absolute = target.toAbsolutePath();
    // Not createTempFile: what that makes only its owner may read.
    Path temporary =
        absolute.resolveSibling("." + absolute.getFileName() + "." + UUID.randomUUID() + ".tmp");
    Path folder = temporary.resolveSibling("");
    // createDirectories alone would refuse a link to a folder.
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder);
    }
    return temporary;
  }

  /** Writes a new file, and returns when the device has it. */
  public static void flush(Path file, List<ByteBuffer> pieces) throws IOException {
    flush(file, channel -> writeAll(channel, pieces));
  }

  private static void flush(Path file, Content content) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      content.writeTo(channel);
      channel.force(true);
    }
  }

  static void writeAll(FileChannel channel, List<ByteBuffer> pieces) throws IOException {
    for (ByteBuffer piece : pieces) {
      while (piece.hasRemaining()) {
        channel.write(piece);
      }
    }
  }

  /** Returns when the device has the names in a folder, so that a rename outlives a power cut. */
  private static void flushFolder(Path folder) throws IOException {
    FileChannel channel;
    try {
      channel = FileChannel.open(folder, StandardOpenOption.READ);
    } catch (IOException e) {
      // Windows opens no folders, and keeps its names in a journal.
      return;
    }
    try (channel) {
      channel.force(true);
    }
  }

  /**
   * Deletes what writers that were killed left in a folder and below it. Nobody else may write
   * there meanwhile.
   *
   * @throws DataException where something cannot be deleted
   */
  public static void removeTemporaries(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      // To a list first: a folder among them must not be looked into any more.
      for (Path file : files.filter(AtomicFiles::isTemporary).toList()) {
        MoreFiles.deleteRecursively(file, RecursiveDeleteOption.ALLOW_INSECURE);
      }
    } catch (IOException | UncheckedIOException e) {
      throw new DataException(
          folder + " could not be cleaned (" + e + "); check its permissions", e);
    }
  }

  /** Whether a file is one that is being written, or was when its writer was killed. */
  public static boolean isTemporary(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.startsWith(".") && name.endsWith(".tmp");
  }

  /** Writes text as UTF-8. */
  public static void writeString(Path file, String text) {
    write(file, text.getBytes(StandardCharsets.UTF_8));
  }
}
