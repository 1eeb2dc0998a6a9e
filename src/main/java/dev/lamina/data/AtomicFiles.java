package dev.lamina.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
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
    Path target = file.toAbsolutePath();
    try {
      Path folder = Files.createDirectories(target.getParent());
      // Not createTempFile: what that makes only its owner may read.
      Path temporary = folder.resolve(target.getFileName() + "." + UUID.randomUUID() + ".tmp");
      try {
        Files.write(temporary, content, StandardOpenOption.CREATE_NEW);
        Files.move(
            temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw new DataException(
          file + " could not be written (" + e + "); free space or choose another folder", e);
    }
  }

  /** Writes text as UTF-8. */
  public static void writeString(Path file, String text) {
    write(file, text.getBytes(StandardCharsets.UTF_8));
  }
}
