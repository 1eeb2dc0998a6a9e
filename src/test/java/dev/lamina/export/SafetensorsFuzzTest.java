package dev.lamina.export;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.export.Safetensors.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.apache.commons.compress.utils.SeekableInMemoryByteChannel;

/** Whatever is done to a file: it is read, or refused with one line, and nothing else happens. */
class SafetensorsFuzzTest {
  private static final List<String> WORDS =
      List.of(
          "-", "0", "9", "99999999999999999999", "1e9", "F64", "null", "{", "]", "\"", ",", "a");

  private static final Path FILE = Path.of("fuzzed.safetensors");
  private static final byte[] VALID = valid();

  private static byte[] valid() {
    String header =
        "{\"__metadata__\":{\"epoch\":\"3\"},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
            + "\"b\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[24,26]},"
            + "\"c\":{\"dtype\":\"U8\",\"shape\":[5],\"data_offsets\":[26,31]}}";
    return ByteBuffer.allocate(8 + header.length() + 31)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length())
        .put(header.getBytes(US_ASCII))
        .array();
  }

  @Property(tries = 2000)
  void onlyOneLineIsThrown(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    byte[] bytes = VALID;
    for (int i = random.nextInt(4); i >= 0; i--) {
      bytes = mutate(bytes, random);
    }
    try (var channel = new SeekableInMemoryByteChannel(bytes)) {
      new SafetensorsReader(FILE)
          .read(channel)
          .tensors()
          .values()
          .forEach(SafetensorsFuzzTest::checkSize);
    } catch (FormatException e) {
      assertThat(e.getMessage()).startsWith(FILE.toString()).doesNotContain("\n", "\r");
    }
  }

  private static void checkSize(Tensor tensor) {
    long count = Arrays.stream(tensor.shape()).reduce(1, (a, b) -> a * b);
    assertThat(tensor.data().remaining()).isEqualTo((int) count * tensor.dtype().bytes());
  }

  private static byte[] mutate(byte[] bytes, Random random) {
    // A third of the changes hit the header's length.
    int at =
        random.nextInt(random.nextInt(3) == 0 ? Math.min(9, bytes.length + 1) : bytes.length + 1);
    int to = Math.min(bytes.length, at + random.nextInt(9));
    return switch (random.nextInt(4)) {
      case 0 -> splice(bytes, at, Math.min(at + 1, bytes.length), (byte) random.nextInt(256));
      case 1 -> Arrays.copyOf(bytes, at);
      case 2 -> splice(bytes, at, to);
      default -> splice(bytes, at, to, WORDS.get(random.nextInt(WORDS.size())).getBytes(US_ASCII));
    };
  }

  private static byte[] splice(byte[] bytes, int from, int to, byte... replacement) {
    byte[] spliced = new byte[from + replacement.length + bytes.length - to];
    System.arraycopy(bytes, 0, spliced, 0, from);
    System.arraycopy(replacement, 0, spliced, from, replacement.length);
    System.arraycopy(bytes, to, spliced, from + replacement.length, bytes.length - to);
    return spliced;
  }
}
