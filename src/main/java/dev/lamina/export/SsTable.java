package dev.lamina.export;

import static com.google.common.base.Preconditions.checkArgument;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.zip.CRC32C;

/**
 * Finds values in a table of LevelDB by their keys. Nothing in the table is trusted, and each of
 * its bytes is checked: blocks have checksums, must follow each other from the first byte to the
 * footer, and are read once. So memory and time stay in proportion to the table. Source: {@code
 * doc/table_format.md} of LevelDB.
 */
final class SsTable {
  private static final int FOOTER = 48;
  private static final long MAGIC = 0xdb4775248b80fb57L;

  /** What follows the contents of a block: how they are compressed, 1 byte; a checksum, 4 bytes. */
  private static final int TRAILER = 5;

  private static final String CHAIN = "its blocks do not follow each other";

  private record Block(int at, int length) {
    static Block read(ByteBuffer handle) {
      return new Block(number(handle), number(handle));
    }

    long end() {
      return (long) at + length + TRAILER;
    }
  }

  private final ByteBuffer table;
  private final Map<ByteBuffer, String> wanted = new LinkedHashMap<>();
  private final Map<String, ByteBuffer> found = new LinkedHashMap<>();
  private int longest;

  /** Where the data blocks read so far end. */
  private long end;

  private SsTable(byte[] table, Collection<String> keys) {
    this.table = ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN);
    for (String key : keys) {
      ByteBuffer bytes = UTF_8.encode(key);
      longest = Math.max(longest, bytes.remaining());
      wanted.put(bytes, key);
    }
  }

  /**
   * The values of those keys that the table has, as parts of it.
   *
   * @throws IllegalArgumentException where it is no such table, or damaged
   */
  static Map<String, ByteBuffer> find(byte[] table, Collection<String> keys) {
    SsTable reader = new SsTable(table, keys);
    reader.read();
    return reader.found;
  }

  private void read() {
    int begin = table.limit() - FOOTER;
    checkArgument(
        begin >= 0 && table.getLong(table.limit() - Long.BYTES) == MAGIC,
        "it is cut, or no table of LevelDB");
    ByteBuffer footer = table.slice(begin, FOOTER - Long.BYTES);
    Block meta = Block.read(footer);
    Block index = Block.read(footer);
    while (footer.hasRemaining()) {
      checkArgument(footer.get() == 0, "its footer must end with zeros");
    }
    checkArgument(meta.end() == index.at && index.end() == begin, CHAIN);
    // Its checksum alone: nothing that it may say is needed.
    entries(meta);
    forEach(entries(index), (key, value) -> readData(Block.read(value)));
    checkArgument(end == meta.at, CHAIN);
  }

  private void readData(Block block) {
    checkArgument(block.at == end && block.end() <= table.limit() - FOOTER, CHAIN);
    end = block.end();
    forEach(entries(block), this::take);
  }

  private void take(ByteBuffer key, ByteBuffer value) {
    // Not hashed where it is longer: keys that share what is before them may be long, and many.
    String name = key.remaining() <= longest ? wanted.get(key) : null;
    if (name != null) {
      checkArgument(found.put(name, value) == null, "it has %s twice", name);
    }
  }

  /** The entries of a block that lies in the table, without what helps to search in them. */
  private ByteBuffer entries(Block block) {
    int trailer = block.at + block.length;
    CRC32C crc = new CRC32C();
    crc.update(table.slice(block.at, block.length + 1));
    checkArgument(
        table.getInt(trailer + 1) == masked(crc),
        "the checksum of its block at byte %s is wrong",
        block.at);
    checkArgument(table.get(trailer) == 0, "its block at byte %s is compressed", block.at);
    // Offsets of entries, of 4 bytes each, and their number.
    long offsets =
        block.length < Integer.BYTES
            ? Integer.MAX_VALUE
            : Integer.toUnsignedLong(table.getInt(trailer - Integer.BYTES));
    long length = block.length - (offsets + 1) * Integer.BYTES;
    checkArgument(length >= 0, "its block at byte %s is too short", block.at);
    return table.slice(block.at, (int) length);
  }

  /**
   * Gives each entry to the action: key and value. A key is said by how much it shares with the one
   * before, and the rest; it holds until the action ends.
   */
  private static void forEach(ByteBuffer entries, BiConsumer<ByteBuffer, ByteBuffer> action) {
    byte[] key = new byte[entries.limit()];
    int length = 0;
    while (entries.hasRemaining()) {
      int shared = number(entries);
      int rest = number(entries);
      int value = number(entries);
      checkArgument(
          shared <= length && (long) rest + value <= entries.remaining(),
          "an entry is longer than its block");
      entries.get(key, shared, rest);
      length = shared + rest;
      action.accept(ByteBuffer.wrap(key, 0, length), entries.slice(entries.position(), value));
      entries.position(entries.position() + value);
    }
  }

  /** A number in 7 bits a byte, the lowest first; the top bit says that another byte follows. */
  private static int number(ByteBuffer from) {
    long number = 0;
    for (int shift = 0; shift < 35 && from.hasRemaining(); shift += 7) {
      byte next = from.get();
      number |= (next & 0x7fL) << shift;
      if (next >= 0 && number <= Integer.MAX_VALUE) {
        return (int) number;
      }
    }
    throw new IllegalArgumentException("a number is cut, or more than 2^31 - 1");
  }

  /** A checksum as LevelDB and TensorFlow store it. */
  static int masked(CRC32C crc) {
    return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
  }
}
