package dev.lamina.export;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SsTableTest {
  private static final String CHAIN = "its blocks do not follow each other";
  private static final String LONGER = "an entry is longer than its block";

  private static byte[] value(String text) {
    return text.getBytes(UTF_8);
  }

  private static byte[] twoBlocks() {
    Map<String, byte[]> first = new LinkedHashMap<>();
    first.put("", value("header"));
    first.put("weight", value("w"));
    first.put("weights", value(""));
    Map<String, byte[]> second = new LinkedHashMap<>();
    second.put("weighty", value("y"));
    second.put("zürich", value("z".repeat(300)));
    return Tables.of(List.of(first, second));
  }

  private static Map<String, String> find(byte[] table, String... keys) {
    Map<String, String> texts = new LinkedHashMap<>();
    SsTable.find(table, List.of(keys))
        .forEach((key, bytes) -> texts.put(key, UTF_8.decode(bytes).toString()));
    return texts;
  }

  private static void refused(byte[] table, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> find(table, "", "weight"))
        .withMessage(message);
  }

  @Test
  void find_inSeveralBlocks() {
    assertThat(find(twoBlocks(), "zürich", "weight", "weighty", "weig", "", "weights"))
        .containsOnly(
            Map.entry("", "header"),
            Map.entry("weight", "w"),
            Map.entry("weights", ""),
            Map.entry("weighty", "y"),
            Map.entry("zürich", "z".repeat(300)));
    assertThat(find(Tables.of(List.of()), "", "weight")).isEmpty();
  }

  /** A flipped bit can say the same in another way: a number with a needless zero behind it. */
  @Test
  void find_noFlippedBitAndNoCutChangesWhatIsRead() {
    byte[] whole = twoBlocks();
    int refused = 0;
    for (int bit = 0; bit < 8 * whole.length; bit++) {
      byte[] flipped = whole.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      try {
        assertThat(find(flipped, "weight")).isEqualTo(Map.of("weight", "w"));
      } catch (IllegalArgumentException e) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThanOrEqualTo(8 * whole.length - 1);
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      refused(cut, "it is cut, or no table of LevelDB");
      byte[] begun = Arrays.copyOfRange(whole, length + 1, whole.length);
      assertThatIllegalArgumentException().isThrownBy(() -> find(begun, "weight"));
    }
  }

  @Test
  void find_blocks() {
    byte[] compressed = twoBlocks();
    // After the three entries of the first block, and where to search.
    int type = 3 + 6 + 3 + 6 + 1 + 3 + 1 + 8;
    compressed[type] = 1;
    Tables.mend(compressed, 0, type);
    refused(compressed, "its block at byte 0 is compressed");

    byte[] offsets = twoBlocks();
    offsets[type - 1] = (byte) 0xff;
    Tables.mend(offsets, 0, type);
    refused(offsets, "its block at byte 0 is too short");

    byte[] flipped = twoBlocks();
    flipped[5] ^= 1;
    refused(flipped, "the checksum of its block at byte 0 is wrong");

    refused(Tables.ofIndex(Tables.entry(0, "a", Tables.numbers(0, 8))), CHAIN);
    refused(Tables.ofIndex(Tables.entry(0, "a", Tables.numbers(1, 8))), CHAIN);
    refused(Tables.ofIndex(Tables.entry(0, "a", Tables.numbers(0, Integer.MAX_VALUE))), CHAIN);

    byte[] padded = twoBlocks();
    padded[padded.length - 9] = 1;
    refused(padded, "its footer must end with zeros");
  }

  @Test
  void find_oneBlockOftenIsRefused() {
    byte[] block = Tables.ofBlock(Tables.entry(0, "weight", value("w")));
    assertThat(find(block, "weight")).containsOnly(Map.entry("weight", "w"));
    // The handle of the block at byte 0 in the index, twice.
    ByteArrayOutputStream index = new ByteArrayOutputStream();
    index.writeBytes(Tables.entry(0, "a", Tables.numbers(0, 18)));
    index.writeBytes(Tables.entry(0, "b", Tables.numbers(0, 18)));
    ByteArrayOutputStream table = new ByteArrayOutputStream();
    table.write(block, 0, 23);
    byte[] end = Tables.ofIndex(index.toByteArray());
    ByteBuffer footer = ByteBuffer.wrap(end, end.length - 48, 48);
    footer.put(Tables.numbers(23, 8, 36, end.length - 48 - 13 - 5));
    table.writeBytes(end);
    refused(table.toByteArray(), CHAIN);
  }

  @Test
  void find_entries() {
    byte[] weight = Tables.entry(0, "weight", value("w"));
    refused(Tables.ofBlock(Tables.entry(1, "weight", value("w"))), LONGER);
    refused(Tables.ofBlock(Arrays.copyOf(weight, weight.length - 1)), LONGER);
    refused(Tables.ofBlock(Tables.numbers(0, Integer.MAX_VALUE, Integer.MAX_VALUE)), LONGER);
    String number = "a number is cut, or more than 2^31 - 1";
    refused(Tables.ofBlock(Tables.numbers(0, 1L << 31, 0)), number);
    refused(Tables.ofBlock(Tables.numbers(0, 1L << 60, 0)), number);
    refused(Tables.ofBlock(Tables.numbers(0, -1, 0)), number);
    refused(Tables.ofBlock(Tables.numbers(0, 0)), number);
    ByteArrayOutputStream twice = new ByteArrayOutputStream();
    twice.writeBytes(weight);
    twice.writeBytes(weight);
    refused(Tables.ofBlock(twice.toByteArray()), "it has weight twice");
  }

  /** Keys of 100 GB, were each of them copied or looked at. */
  @Test
  @Timeout(30)
  void find_longSharedKeysTakeNoTime() {
    List<byte[]> entries = new ArrayList<>();
    entries.add(Tables.entry(0, "weight", value("w")));
    entries.add(Tables.entry(6, "s".repeat(1_000_000)));
    for (int i = 0; i < 100_000; i++) {
      entries.add(Tables.entry(1_000_000 + i, "é"));
    }
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    entries.forEach(block::writeBytes);
    assertThat(find(Tables.ofBlock(block.toByteArray()), "weight"))
        .containsOnly(Map.entry("weight", "w"));
  }
}
