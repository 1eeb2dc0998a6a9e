package dev.lamina.format;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.Fuzz;
import dev.lamina.format.Safetensors.Tensor;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class SafetensorsFuzzTest {
  private static final Path FILE = Path.of("fuzzed.safetensors");

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

  /** Repairs the length of the header, so that the code after that check is reached. */
  private static byte[] repair(byte[] bytes) {
    int data = 31;
    if (bytes.length >= 8 + data) {
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, bytes.length - 8 - data);
    }
    return bytes;
  }

  @Test
  void safetensors() throws Exception {
    Fuzz.of(
            "safetensors",
            List.of(valid()),
            (input, kind) -> {
              new SafetensorsReader(FILE)
                  .read(new ByteArrayInputStream(input), input.length)
                  .tensors()
                  .values()
                  .forEach(SafetensorsFuzzTest::checkSize);
            })
        .file(FILE)
        .words(
            "-",
            "0",
            "9",
            "99999999999999999999",
            "1e9",
            "1e999999999",
            "F64",
            "null",
            "{",
            "]",
            "[[[[",
            "\"",
            ",",
            "a",
            "\\n",
            "\\u2028",
            "\n")
        .repair(SafetensorsFuzzTest::repair)
        .run(5000);
  }

  private static void checkSize(Tensor tensor) {
    long count = Arrays.stream(tensor.shape()).reduce(1, (a, b) -> a * b);
    assertThat(tensor.data().remaining()).isEqualTo((int) count * tensor.dtype().bytes());
  }
}
