package dev.lamina.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads the orientation in the EXIF data of an image file. */
final class Exif {
  private Exif() {}

  /**
   * Returns the orientation that a PNG or WebP file has in its EXIF data, from 1 to 8; 1 if there
   * is none. Damaged data count as none.
   */
  static int orientation(byte[] file) {
    if (startsWith(file, "\u0089PNG")) {
      return inChunks(file, 8, ByteOrder.BIG_ENDIAN, "eXIf", 4);
    }
    if (startsWith(file, "RIFF")) {
      return inChunks(file, 12, ByteOrder.LITTLE_ENDIAN, "EXIF", 0);
    }
    return 1;
  }

  private static boolean startsWith(byte[] file, String magic) {
    byte[] bytes = magic.getBytes(StandardCharsets.ISO_8859_1);
    return file.length >= bytes.length
        && ByteBuffer.wrap(bytes).equals(slice(file, 0, bytes.length));
  }

  private static ByteBuffer slice(byte[] file, int from, int length) {
    return ByteBuffer.wrap(file, from, length).slice();
  }

  /**
   * Looks for a chunk.
   *
   * @param start where the first chunk begins
   * @param trailer the bytes after the data of each chunk
   */
  private static int inChunks(byte[] file, int start, ByteOrder order, String name, int trailer) {
    boolean sizeFirst = trailer > 0;
    ByteBuffer buffer = ByteBuffer.wrap(file).order(order);
    long at = start;
    while (at + 8 <= file.length) {
      int begin = (int) at;
      long length = buffer.getInt(sizeFirst ? begin : begin + 4) & 0xffffffffL;
      byte[] id = new byte[4];
      buffer.get(sizeFirst ? begin + 4 : begin, id);
      if (at + 8 + length > file.length) {
        return 1;
      }
      if (new String(id, StandardCharsets.ISO_8859_1).equals(name)) {
        byte[] data = new byte[(int) length];
        buffer.get(begin + 8, data);
        return ofTiff(data);
      }
      // Chunks of RIFF are padded to even lengths.
      at += 8 + length + trailer + (sizeFirst ? 0 : length % 2);
    }
    return 1;
  }

  /** Returns the orientation in a TIFF structure; 1 if it has none or is damaged. */
  static int ofTiff(byte @Nullable [] tiff) {
    if (tiff == null) {
      return 1;
    }
    // Some WebP files have the prefix of JPEG's segments.
    ByteBuffer data =
        startsWith(tiff, "Exif\0\0") ? slice(tiff, 6, tiff.length - 6) : ByteBuffer.wrap(tiff);
    return new TiffFile(data).orientation();
  }
}
