package dev.lamina.data;

import static java.nio.file.StandardOpenOption.READ;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Pixels that stay in a file: an IDX file of four dimensions [images, height, width, channels], of
 * which single images are read. It is read, not mapped into memory: a file that is cut short while
 * it is mapped ends the JVM.
 */
final class PixelFile {
  private static final int MAGIC = 0x804;
  private static final int HEADER = 5 * Integer.BYTES;

  /** How many bytes of decoded images are in memory at once, or one image. */
  private static final int CHUNK = 1 << 22;

  private final Path file;
  private final int bytes;
  private final long length;
  private final FileTime modified;

  private PixelFile(Path file, int bytes, long length, FileTime modified) {
    this.file = file;
    this.bytes = bytes;
    this.length = length;
    this.modified = modified;
  }

  /**
   * Writes a file of images, whole or not at all.
   *
   * @param image gives the pixels of an image; asked by several threads
   * @throws DataException where one cannot be given, or the file cannot be written
   */
  static void write(
      Path file, int images, int height, int width, int channels, IntFunction<byte[]> image) {
    try {
      AtomicFiles.write(
          file,
          channel -> {
            AtomicFiles.writeAll(channel, List.of(header(images, height, width, channels)));
            int step = Math.max(1, CHUNK / (height * width * channels));
            for (int start = 0; start < images; start += step) {
              List<byte[]> chunk =
                  IntStream.range(start, Math.min(start + step, images))
                      .parallel()
                      .mapToObj(image)
                      .toList();
              AtomicFiles.writeAll(channel, chunk.stream().map(ByteBuffer::wrap).toList());
            }
          });
    } catch (IOException e) {
      throw new DataException(
          file + " could not be written (" + e + "); free space or choose another folder", e);
    }
  }

  /**
   * Opens a file that was written for these images.
   *
   * @throws DataException where it holds other ones
   */
  static PixelFile open(Path file, int images, int height, int width, int channels) {
    int bytes = height * width * channels;
    long wanted = HEADER + (long) images * bytes;
    try (FileChannel channel = FileChannel.open(file, READ)) {
      PixelFile pixels =
          new PixelFile(file, bytes, channel.size(), Files.getLastModifiedTime(file));
      ByteBuffer header = ByteBuffer.allocate(HEADER);
      if (channel.size() == wanted) {
        readAll(channel, header, 0);
      }
      if (!header.flip().equals(header(images, height, width, channels))) {
        throw new DataException(
            String.format(
                "%s must hold %d images of %d x %d x %d, %d bytes, has %d; delete it, it is made anew",
                file, images, height, width, channels, wanted, channel.size()));
      }
      return pixels;
    } catch (IOException e) {
      throw new DataException(file + " cannot be read (" + e + "); check its permissions", e);
    }
  }

  /**
   * Reads images one after the other. Safe for many threads.
   *
   * @throws DataException where the file is not what it was when it was opened
   */
  void read(int[] images, ByteBuffer into) {
    // Opened each time, in a few microseconds, so that there is nothing to close and an interrupt
    // of one thread closes no other thread's channel.
    try (FileChannel channel = FileChannel.open(file, READ)) {
      if (channel.size() != length || !Files.getLastModifiedTime(file).equals(modified)) {
        throw changed();
      }
      int limit = into.limit();
      for (int image : images) {
        into.limit(into.position() + bytes);
        readAll(channel, into, HEADER + (long) image * bytes);
      }
      into.limit(limit);
    } catch (EOFException e) {
      throw changed();
    } catch (IOException e) {
      throw new DataException(file + " cannot be read (" + e + "); open the images again", e);
    }
  }

  private static ByteBuffer header(int images, int height, int width, int channels) {
    ByteBuffer header = ByteBuffer.allocate(HEADER).putInt(MAGIC).putInt(images);
    return header.putInt(height).putInt(width).putInt(channels).flip();
  }

  private DataException changed() {
    return new DataException(
        file + " was changed while its images were in use; open the images again");
  }

  private static void readAll(FileChannel channel, ByteBuffer into, long position)
      throws IOException {
    long at = position;
    while (into.hasRemaining()) {
      int read = channel.read(into, at);
      if (read < 0) {
        throw new EOFException("it became shorter while it was read");
      }
      at += read;
    }
  }
}
