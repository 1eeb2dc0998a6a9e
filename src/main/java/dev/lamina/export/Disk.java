package dev.lamina.export;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;

/** What it takes to put something on the disk whole or not at all. */
final class Disk {
  private Disk() {}

  /** A new path beside the target, to be renamed to it; the folder of both is made. */
  static Path temporary(Path target) throws IOException {
    Path absolute = target.toAbsolutePath();
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
  static void write(Path file, List<ByteBuffer> pieces) throws IOException {
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
}
