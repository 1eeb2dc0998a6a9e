package dev.lamina.export;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/** Builds tables of LevelDB. */
final class Tables {
  private final ByteArrayOutputStream table = new ByteArrayOutputStream();

  private Tables() {}

  /** A table of those blocks. Keys share what they can with the one before. */
  static byte[] of(List<Map<String, byte[]>> blocks) {
    Tables tables = new Tables();
    ByteArrayOutputStream index = new ByteArrayOutputStream();
    for (Map<String, byte[]> block : blocks) {
      ByteArrayOutputStream entries = new ByteArrayOutputStream();
      byte[] before = {};
      for (Map.Entry<String, byte[]> entry : block.entrySet()) {
        byte[] key = entry.getKey().getBytes(UTF_8);
        int shared = 0;
        while (shared < Math.min(before.length, key.length) && before[shared] == key[shared]) {
          shared++;
        }
        entries.writeBytes(entry(shared, entry.getKey().substring(shared), entry.getValue()));
        before = key;
      }
      index.writeBytes(entry(0, "block" + index.size(), tables.block(entries.toByteArray())));
    }
    return tables.end(index.toByteArray());
  }

  /** A table of one block that holds those entries, whatever they are. */
  static byte[] ofBlock(byte[] entries) {
    Tables tables = new Tables();
    return tables.end(entry(0, "block", tables.block(entries)));
  }

  /** A table without data, whose index is that. */
  static byte[] ofIndex(byte[] index) {
    return new Tables().end(index);
  }

  static byte[] entry(int shared, String rest, byte... value) {
    ByteArrayOutputStream entry = new ByteArrayOutputStream();
    byte[] key = rest.getBytes(UTF_8);
    entry.writeBytes(numbers(shared, key.length, value.length));
    entry.writeBytes(key);
    entry.writeBytes(value);
    return entry.toByteArray();
  }

  static byte[] numbers(long... numbers) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (long number : numbers) {
      long left = number;
      for (; left >>> 7 != 0; left >>>= 7) {
        bytes.write(((int) left & 0x7f) | 0x80);
      }
      bytes.write((int) left);
    }
    return bytes.toByteArray();
  }

  /** Gives the handle of a block that is added. */
  private byte[] block(byte[] entries) {
    byte[] block = new byte[entries.length + 13];
    int at = table.size();
    System.arraycopy(entries, 0, block, 0, entries.length);
    // One place to search from, the first entry.
    block[entries.length + 4] = 1;
    mend(block, 0, block.length - 5);
    table.writeBytes(block);
    return numbers(at, block.length - 5);
  }

  private byte[] end(byte[] index) {
    ByteBuffer footer = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
    footer.put(block(new byte[0])).put(block(index)).putLong(40, 0xdb4775248b80fb57L);
    table.writeBytes(footer.array());
    return table.toByteArray();
  }

  /** Sets the checksum of a block: over its contents and a byte, the CRC-32C, masked. */
  static void mend(byte[] table, int at, int length) {
    CRC32C crc = new CRC32C();
    crc.update(table, at, length + 1);
    int masked = Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
    ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN).putInt(at + length + 1, masked);
  }
}
