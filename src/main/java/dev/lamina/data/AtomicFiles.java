package dev.lamina.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;

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
    Path temporary = temporary(file);
    try {
      flush(temporary, pieces);
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
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
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (ByteBuffer piece : pieces) {
        while (piece.hasRemaining()) {
          channel.write(piece);
        }
      }
      channel.force(true);
    }
  }

  /** Writes text as UTF-8. */
  public static void writeString(Path file, String text) {
    write(file, text.getBytes(StandardCharsets.UTF_8));
  }
}
