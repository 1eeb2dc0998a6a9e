package dev.lamina.data;

import static java.nio.file.StandardOpenOption.READ;

import dev.lamina.io.AtomicFiles;
import dev.lamina.io.CacheLock;
import dev.lamina.io.LaminaException;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Random access to images on disk: an IDX file with dimensions [images, height, width, channels].
 * The file is not memory-mapped, because truncating a mapped file crashes the JVM.
 */
final class PixelFile {
  /** How the names of these files end. */
  static final String SUFFIX = ".idx4-ubyte";

  private static final int MAGIC = 0x804;
  private static final int HEADER = 5 * Integer.BYTES;

  /** The size in bytes of the chunks that are decoded and written, at least one image. */
  private static final int CHUNK = 1 << 25;

  /** Images are written all the time, so what has not changed for that long is left behind. */
  private static final Duration LEFT_BEHIND = Duration.ofHours(1);

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
   * Opens a file of images, and writes it first if there is none. Others that want it at the same
   * time wait, so that it is written once and does not change while it is read.
   *
   * @param image returns the pixels of an image; called from several threads
   * @param complete is called before the file gets its name; if it throws, there is no file
   * @throws LaminaException if the pixels of an image cannot be read, or the file cannot be
   *     written, or its header or length does not match
   */
  @SuppressWarnings("try") // The lock is held, not used.
  static PixelFile of(
      Path file,
      int images,
      int height,
      int width,
      int channels,
      IntFunction<byte[]> image,
      Runnable complete) {
    if (!Files.exists(file)) {
      try (CacheLock lock = CacheLock.ofFile(file)) {
        if (!Files.exists(file)) {
          removeLeftBehind(file.toAbsolutePath().resolveSibling(""));
          AtomicFiles.write(
              file,
              out -> {
                AtomicFiles.writeAll(out, List.of(header(images, height, width, channels)));
                writeImages(out, images, height * width * channels, image);
                complete.run();
              });
        }
      } catch (IOException e) {
        throw new LaminaException(
            file + " could not be written (" + e + "); free space or choose another folder", e);
      }
    }
    return open(file, images, height, width, channels);
  }

  private static void writeImages(
      OutputStream out, int images, int bytes, IntFunction<byte[]> image) throws IOException {
    int step = Math.max(1, CHUNK / bytes);
    for (int start = 0; start < images; start += step) {
      List<byte[]> chunk =
          IntStream.range(start, Math.min(start + step, images))
              .parallel()
              .mapToObj(image)
              .toList();
      AtomicFiles.writeAll(out, chunk.stream().map(ByteBuffer::wrap).toList());
    }
  }

  /** Deletes what killed processes left in a folder. */
  private static void removeLeftBehind(Path folder) throws IOException {
    long limit = System.currentTimeMillis() - LEFT_BEHIND.toMillis();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, ".*" + SUFFIX + ".*.tmp")) {
      for (Path left : files) {
        // Another process may delete it at the same time, or it belongs to another user.
        if (left.toFile().lastModified() < limit) {
          left.toFile().delete();
        }
      }
    }
  }

  private static PixelFile open(Path file, int images, int height, int width, int channels) {
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
        throw new LaminaException(
            String.format(
                Locale.ROOT,
                "%s must contain %d images of %d x %d x %d, %d bytes, has %d; delete it to have it written again",
                file,
                images,
                height,
                width,
                channels,
                wanted,
                channel.size()));
      }
      return pixels;
    } catch (IOException e) {
      throw new LaminaException(file + " cannot be read (" + e + "); check its permissions", e);
    }
  }

  /**
   * Reads images into a buffer, in the given order. Thread-safe.
   *
   * @throws LaminaException if the file has changed since it was opened
   */
  void read(int[] images, ByteBuffer into) {
    // Opens the file for each call, which takes microseconds: there is nothing to close later, and
    // an
    // interrupt of one thread does not close the channel of another.
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
      throw new LaminaException(file + " cannot be read (" + e + "); open the images again", e);
    }
  }

  private static ByteBuffer header(int images, int height, int width, int channels) {
    ByteBuffer header = ByteBuffer.allocate(HEADER).putInt(MAGIC).putInt(images);
    return header.putInt(height).putInt(width).putInt(channels).flip();
  }

  private LaminaException changed() {
    return new LaminaException(
        file + " was changed while its images were in use; open the images again");
  }

  private static void readAll(FileChannel channel, ByteBuffer into, long position)
      throws IOException {
    long at = position;
    while (into.hasRemaining()) {
      int read = channel.read(into, at);
      if (read < 0) {
        throw new EOFException("the file was truncated while it was read");
      }
      at += read;
    }
  }
}
