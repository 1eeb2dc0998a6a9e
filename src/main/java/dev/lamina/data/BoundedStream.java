package dev.lamina.data;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * A file in memory that gives up on a decoder that reads on and on after the end. The one for WebP
 * looks ahead, so it takes the end for zeros, and would decode all pixels that a header promises.
 */
final class BoundedStream extends MemoryCacheImageInputStream {
  /** More than any decoder looks ahead. */
  private static final int MAX_ENDS = 64;

  private int ends;

  BoundedStream(byte[] file) {
    super(new ByteArrayInputStream(file));
  }

  /**
   * Reads a byte.
   *
   * @throws UncheckedIOException if that was tried too often after the end
   */
  @Override
  public byte readByte() throws IOException {
    int value = read();
    if (value >= 0) {
      return (byte) value;
    }
    EOFException end = new EOFException("the file ends before its image does");
    if (++ends > MAX_ENDS) {
      throw new UncheckedIOException(end);
    }
    throw end;
  }
}
