package dev.lamina.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.OptionalInt;

/** The first directory of a TIFF file, or of EXIF data, which have the same structure. */
final class TiffFile {
  private static final int BITS = 258;
  private static final int PHOTOMETRIC = 262;
  private static final int ORIENTATION = 274;
  private static final int STRIP_BYTES = 279;
  private static final int TILE_BYTES = 325;
  private static final int COLOR_MAP = 320;
  private static final int SAMPLE_FORMAT = 339;
  private static final int PALETTE = 3;
  private static final int MASK = 4;
  private static final int CMYK = 5;
  private static final int YCC = 6;
  private static final int UNSIGNED = 1;
  private static final int SHORT = 3;
  private static final int LONG = 4;
  private static final int ENTRY = 12;

  private final ByteBuffer data;

  /** Reads a structure that begins with its byte order, II or MM. */
  TiffFile(ByteBuffer data) {
    this.data =
        data.order(
            data.limit() > 0 && data.get(0) == 'I'
                ? ByteOrder.LITTLE_ENDIAN
                : ByteOrder.BIG_ENDIAN);
  }

  /** Returns where the entry of a tag begins; nothing if there is none, or the data are damaged. */
  private OptionalInt entry(int tag) {
    long directory = data.limit() < 10 ? -1 : data.getInt(4) & 0xffffffffL;
    if (directory < 8 || directory + 2 > data.limit()) {
      return OptionalInt.empty();
    }
    int entries = data.getShort((int) directory) & 0xffff;
    for (int i = 0; i < entries; i++) {
      long at = directory + 2 + (long) ENTRY * i;
      if (at + ENTRY > data.limit()) {
        return OptionalInt.empty();
      }
      if ((data.getShort((int) at) & 0xffff) == tag) {
        return OptionalInt.of((int) at);
      }
    }
    return OptionalInt.empty();
  }

  /** Returns the orientation, from 1 to 8; 1 if there is none. */
  int orientation() {
    int value = number(ORIENTATION, 1);
    return value >= 1 && value <= 8 ? value : 1;
  }

  /**
   * Checks that pixels are grey, RGB, YCbCr, CMYK of 8 bits or of a palette, in unsigned numbers:
   * the JDK's decoder gives numbers for other kinds too, such as Lab, which mean something else.
   *
   * @throws IOException if they are not
   */
  void checkPixels() throws IOException {
    int photometric = number(PHOTOMETRIC, 0);
    if (photometric > YCC || photometric == MASK) {
      throw new IOException("its colours are neither RGB nor CMYK, but of kind " + photometric);
    }
    if (photometric == CMYK && number(BITS, Byte.SIZE) != Byte.SIZE) {
      throw new IOException("it is CMYK of more than 8 bits");
    }
    if (number(SAMPLE_FORMAT, UNSIGNED) != UNSIGNED) {
      throw new IOException("its pixels are signed or floating-point numbers");
    }
  }

  /**
   * Returns the colours of a palette: all reds, then greens, then blues, each of 16 bits; nothing
   * if pixels are not of a palette.
   *
   * @throws IOException if they cannot be read
   */
  Optional<int[]> palette() throws IOException {
    OptionalInt entry = entry(COLOR_MAP);
    if (number(PHOTOMETRIC, 0) != PALETTE || entry.isEmpty()) {
      return Optional.empty();
    }
    int at = entry.getAsInt();
    long count = data.getInt(at + 4) & 0xffffffffL;
    long from = data.getInt(at + 8) & 0xffffffffL;
    if (data.getShort(at + 2) != SHORT || count < 3 || from + count * Short.BYTES > data.limit()) {
      throw new IOException("its palette cannot be read");
    }
    int[] colors = new int[(int) count];
    for (int i = 0; i < count; i++) {
      colors[i] = data.getShort((int) from + i * Short.BYTES) & 0xffff;
    }
    return Optional.of(colors);
  }

  /** Returns the first value of a tag of 16-bit numbers, or the only one of 32 bits. */
  private int number(int tag, int otherwise) {
    OptionalInt entry = entry(tag);
    if (entry.isEmpty()) {
      return otherwise;
    }
    int at = entry.getAsInt() + 8;
    int type = data.getShort(at - 6);
    if (type == LONG && data.getInt(at - 4) == 1) {
      return data.getInt(at);
    }
    if (type != SHORT) {
      return otherwise;
    }
    if ((data.getInt(at - 4) & 0xffffffffL) > 2) {
      long offset = data.getInt(at) & 0xffffffffL;
      return offset + 2 > data.limit() ? otherwise : data.getShort((int) offset) & 0xffff;
    }
    return data.getShort(at) & 0xffff;
  }

  /**
   * Checks that strips and tiles are not longer than the file: the JDK's decoder allocates memory
   * for the lengths that the file declares.
   *
   * @throws IOException if they are
   */
  void checkLengths() throws IOException {
    for (int tag : new int[] {STRIP_BYTES, TILE_BYTES}) {
      OptionalInt entry = entry(tag);
      if (entry.isPresent()) {
        checkLengths(entry.getAsInt());
      }
    }
  }

  private void checkLengths(int entry) throws IOException {
    int type = data.getShort(entry + 2);
    long count = data.getInt(entry + 4) & 0xffffffffL;
    int size = type == SHORT ? Short.BYTES : Integer.BYTES;
    long from = count * size <= 4 ? entry + 8 : data.getInt(entry + 8) & 0xffffffffL;
    if ((type != SHORT && type != LONG) || from + count * size > data.limit()) {
      throw new IOException("its lengths of strips cannot be read");
    }
    for (int i = 0; i < count; i++) {
      int at = (int) from + i * size;
      long length = type == SHORT ? data.getShort(at) & 0xffff : data.getInt(at) & 0xffffffffL;
      if (length > data.limit()) {
        throw new IOException("a strip is longer than the file");
      }
    }
  }
}
