package dev.lamina.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lamina.format.Safetensors.Tensor;
import dev.lamina.io.LaminaException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {
  private static final String SAVE = "; save it again with the program that wrote it";

  @TempDir private Path folder;
  private Path file;

  @BeforeEach
  void file() {
    file = folder.resolve("weights.safetensors");
  }

  @Test
  void roundTrip() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("z", Tensor.of(new long[] {2, 3}, new float[] {1, -2, 3.5f, 0, Float.NaN, -0f}));
    tensors.put("scalar", Tensor.of(new long[] {}, new float[] {7}));
    tensors.put("none", Tensor.of(new long[] {4, 0}, new float[] {}));
    tensors.put("größe", Tensor.of(new long[] {1}, new float[] {Float.MIN_VALUE}));
    new Safetensors(tensors, Map.of("epoch", "3", "name", "a \"b\"\n")).write(file);

    Safetensors read = Safetensors.read(file);

    assertThat(read.metadata()).isEqualTo(Map.of("epoch", "3", "name", "a \"b\"\n"));
    assertThat(read.tensors()).containsOnlyKeys("z", "scalar", "none", "größe");
    tensors.forEach(
        (name, tensor) -> {
          assertThat(tensor(read, name).dtype()).isEqualTo(Dtype.F32);
          assertThat(tensor(read, name).shape()).isEqualTo(tensor.shape());
          assertThat(tensor(read, name).data()).isEqualTo(tensor.data());
        });
    assertThat(tensor(read, "z").floats()).containsExactly(1, -2, 3.5f, 0, Float.NaN, -0f);
  }

  /** The layout byte by byte, from the format's description. */
  @Test
  void layout() throws IOException {
    new Safetensors(Map.of("a", Tensor.of(new long[] {1}, new float[] {1})), Map.of()).write(file);
    String header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
    assertThat(header).hasSize(54);
    assertThat(Files.readAllBytes(file))
        .isEqualTo(bytes(56, header + "  ", new byte[] {0, 0, (byte) 0x80, 0x3f}));
  }

  @Test
  void widerNumbersComeFirst() throws IOException {
    write(
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
            + "\"b\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[3,11]}}",
        11);
    Safetensors.read(file).write(file);
    assertThat(Safetensors.read(file).tensors().keySet()).containsExactly("b", "a");
  }

  @Test
  void floatsOfEveryPrecision() throws IOException {
    byte[] data =
        ByteBuffer.allocate(8 + 16 + 4)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putDouble(0.1)
            // 1, -2, 65504 (the largest), 2^-24 (the smallest), 2^-14, -0, infinity, NaN.
            .putShort((short) 0x3c00)
            .putShort((short) 0xc000)
            .putShort((short) 0x7bff)
            .putShort((short) 0x0001)
            .putShort((short) 0x0400)
            .putShort((short) 0x8000)
            .putShort((short) 0x7c00)
            .putShort((short) 0x7e00)
            // 1, -3.140625.
            .putShort((short) 0x3f80)
            .putShort((short) 0xc049)
            .array();
    String header =
        "{\"double\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]},"
            + "\"half\":{\"dtype\":\"F16\",\"shape\":[2,4],\"data_offsets\":[8,24]},"
            + "\"brain\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[24,28]}}";
    Files.write(file, bytes(header.length(), header, data));

    Safetensors read = Safetensors.read(file);

    assertThat(tensor(read, "double").floats()).containsExactly(0.1f);
    assertThat(tensor(read, "half").floats())
        .containsExactly(1, -2, 65504, 0x1p-24f, 0x1p-14f, -0f, Float.POSITIVE_INFINITY, Float.NaN);
    assertThat(tensor(read, "brain").floats()).containsExactly(1, -3.140625f);
  }

  @Test
  void integersAreNotFloats() throws IOException {
    write("{\"a\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4);
    Tensor tensor = tensor(Safetensors.read(file), "a");
    assertThatThrownBy(tensor::floats)
        .isInstanceOf(LaminaException.class)
        .hasMessage(
            file
                + ": tensor \"a\" is I32, which is not a supported float type; store it as F32, F64, F16 or"
                + " BF16");
  }

  @Test
  void valuesMustFillTheShape() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Tensor.of(new long[] {2, 3}, new float[5]))
        .withMessage("values must fill the shape [2, 3], got 5 values");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Tensor.of(new long[] {-2, -3}, new float[6]))
        .withMessage("values must fill the shape [-2, -3], got 6 values");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Tensor.of(new long[] {1L << 32, 1L << 32}, new float[0]))
        .withMessage("values must fill the shape [4294967296, 4294967296], got 0 values");
  }

  @Test
  void reservedName() {
    Map<String, Tensor> tensors =
        Map.of("__metadata__", Tensor.of(new long[] {1}, new float[] {1}));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Safetensors(tensors, Map.of()))
        .withMessage("no tensor must have the reserved name __metadata__");
  }

  @Test
  void shorterThanTheHeaderLength() throws IOException {
    Files.write(file, new byte[7]);
    refuses(" is truncated: header length takes 8 bytes, file has 7; copy it again");
  }

  @Test
  void headerLengthBeyondTheLimit() throws IOException {
    Files.write(file, bytes(100_000_001, "{}", new byte[0]));
    refuses(
        " is not a safetensors file: header length must be at most 100000000, got 100000001; check"
            + " that it is the right file");
    Files.write(file, bytes(-1, "{}", new byte[0]));
    refuses(
        " is not a safetensors file: header length must be at most 100000000, got"
            + " 18446744073709551615; check that it is the right file");
  }

  @Test
  void headerLengthBeyondTheFile() throws IOException {
    Files.write(file, bytes(100_000_000, "{}", new byte[0]));
    refuses(" is truncated: header takes 100000000 bytes, file has 2; copy it again");
  }

  @Test
  void headerIsNoObject() throws IOException {
    for (String header : new String[] {"", "[1]", "\"a\"", " {}"}) {
      write(header, 0);
      refuses(
          " is not a safetensors file: header is not a JSON object; check that it is the right file");
    }
  }

  @Test
  void headerIsDamaged() throws IOException {
    write("{\"a\" 3}", 0);
    refuses(
        " has a damaged header: Unexpected character ('3' (code 51)): was expecting a colon to"
            + " separate field name and value; copy it again");
    write("{} {", 0);
    assertThatThrownBy(() -> Safetensors.read(file))
        .isInstanceOf(LaminaException.class)
        .hasMessageStartingWith(file + " has a damaged header: Trailing token")
        .hasMessageNotContaining("\n")
        .hasMessageEndingWith("; copy it again");
  }

  /** JSON in another encoding, which a parser may guess, and bytes that are not text. */
  @Test
  void headerIsNoUtf8() throws IOException {
    write("{\0\0\0}\0\0\0", 0);
    assertThatThrownBy(() -> Safetensors.read(file))
        .isInstanceOf(LaminaException.class)
        .hasMessageStartingWith(file + " has a damaged header: Illegal character")
        .hasMessageNotContaining("\0")
        .hasMessageEndingWith("; copy it again");
    byte[] bytes = new byte[] {2, 0, 0, 0, 0, 0, 0, 0, '{', (byte) 0xff};
    Files.write(file, bytes);
    refuses(" has a damaged header: it is not UTF-8; copy it again");
  }

  @Test
  void duplicateKeys() throws IOException {
    String tensor = "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";
    write("{\"a\":" + tensor + ",\"a\":" + tensor + "}", 4);
    refuses(" has a damaged header: Duplicate field 'a'; copy it again");
  }

  @Test
  void metadata() throws IOException {
    write("{\"__metadata__\":3}", 0);
    refuses(": __metadata__ must be an object, got 3" + SAVE);
    write("{\"__metadata__\":{\"epoch\":3}}", 0);
    refuses(": __metadata__ must contain strings, got 3 for \"epoch\"" + SAVE);
  }

  @Test
  void dtype() throws IOException {
    String known =
        "[BOOL, U8, I8, F8_E5M2, F8_E4M3, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64]";
    write("{\"a\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4);
    refuses(": tensor \"a\": dtype must be one of " + known + ", got \"F31\"" + SAVE);
    write("{\"a\":3}", 4);
    refuses(": tensor \"a\": dtype must be one of " + known + ", got nothing" + SAVE);
  }

  @Test
  void shape() throws IOException {
    String rule = "shape must be whole numbers from 0 to 2^63 - 1, got ";
    for (String shape : new String[] {"[2,-3]", "[1.5]", "[\"1\"]", "4", "[9223372036854775808]"}) {
      write("{\"a\":{\"dtype\":\"F32\",\"shape\":" + shape + ",\"data_offsets\":[0,4]}}", 4);
      refuses(": tensor \"a\": " + rule + shape + SAVE);
    }
    write("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4);
    refuses(": tensor \"a\": " + rule + "nothing" + SAVE);
  }

  @Test
  void shapeOverflows() throws IOException {
    write("{\"a\":{\"dtype\":\"F64\",\"shape\":[1152921504606846976],\"data_offsets\":[0,4]}}", 4);
    refuses(
        ": tensor \"a\": shape must take less than 2^63 bytes, got [1152921504606846976] of F64"
            + SAVE);
    write("{\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0);
    refuses(
        ": tensor \"a\": shape must take less than 2^63 bytes, got [4294967296, 4294967296] of U8"
            + SAVE);
  }

  @Test
  void offsets() throws IOException {
    for (String offsets : new String[] {"[4, 0]", "[0]", "[0, 4, 4]"}) {
      write("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":" + offsets + "}}", 4);
      refuses(": tensor \"a\": data_offsets must be [begin, end], got " + offsets + SAVE);
    }
    write("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 4);
    refuses(
        ": tensor \"a\": data_offsets must be whole numbers from 0 to 2^63 - 1, got [-4,0]" + SAVE);
  }

  @Test
  void sizeDiffersFromShape() throws IOException {
    write("{\"a\":{\"dtype\":\"F16\",\"shape\":[3, 5],\"data_offsets\":[0,32]}}", 32);
    refuses(": tensor \"a\": F16 of shape [3, 5] takes 30 bytes, data_offsets cover 32" + SAVE);
  }

  /** The file is sparse and uses no disk space. */
  @Test
  void tensorBeyondAnArray() throws IOException {
    String header =
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[3000000000],\"data_offsets\":[0,3000000000]}}";
    Files.write(file, bytes(header.length(), header, new byte[0]));
    try (var sparse = new java.io.RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(8 + header.length() + 3_000_000_000L);
    }
    refuses(": tensor \"a\": size must be at most 2147483639 bytes, got 3000000000" + SAVE);
  }

  @Test
  void overlapsAndHoles() throws IOException {
    String a = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},";
    write(a + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8);
    refuses(": tensor \"b\": data must begin at 8, where the previous tensor ends, got 4" + SAVE);
    write(a + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]}}", 16);
    refuses(": tensor \"b\": data must begin at 8, where the previous tensor ends, got 12" + SAVE);
    write("{\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8);
    refuses(": tensor \"b\": data must begin at 0, where the previous tensor ends, got 4" + SAVE);
  }

  @Test
  void dataIsTruncatedOrTooLong() throws IOException {
    String header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[300],\"data_offsets\":[0,1200]}}";
    write(header, 1000);
    refuses(" is truncated: header declares 1200 bytes of data, file has 1000; copy it again");
    write(header, 1201);
    refuses(" is too long: header declares 1200 bytes of data, file has 1201; copy it again");
    write(
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[1099511627776],\"data_offsets\":[0,1099511627776]}}",
        4);
    refuses(": tensor \"a\": size must be at most 2147483639 bytes, got 1099511627776" + SAVE);
  }

  @Test
  void hostileNamesStayOnOneLine() throws IOException {
    write("{\"a\\n\\u2028" + "x".repeat(300) + "\":3}", 0);
    assertThatThrownBy(() -> Safetensors.read(file))
        .isInstanceOf(LaminaException.class)
        .hasMessageStartingWith(file + ": tensor \"a??" + "x".repeat(197) + "...\": dtype must be");
  }

  @Test
  void missingFile() {
    assertThatThrownBy(() -> Safetensors.read(file))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessage(file + " does not exist; check the path");
  }

  @Test
  void failedWriteLeavesNothing() throws IOException {
    Files.createDirectories(file.resolve("occupied"));
    Safetensors content = new Safetensors(Map.of(), Map.of());
    assertThatThrownBy(() -> content.write(file))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageStartingWith(file + " could not be written (java.nio.file.FileSystemException: ")
        .hasMessageEndingWith("); free space or choose another folder");
    try (var left = Files.list(folder)) {
      assertThat(left).containsExactly(file);
    }
  }

  @Test
  void writeMakesTheFolderAndReplacesTheFile() {
    Path deep = folder.resolve("a/b/weights.safetensors");
    new Safetensors(Map.of(), Map.of("n", "1")).write(deep);
    new Safetensors(Map.of(), Map.of("n", "2")).write(deep);
    assertThat(Safetensors.read(deep).metadata()).isEqualTo(Map.of("n", "2"));
  }

  private static Tensor tensor(Safetensors content, String name) {
    return Objects.requireNonNull(content.tensors().get(name));
  }

  private void refuses(String message) {
    assertThatThrownBy(() -> Safetensors.read(file))
        .isInstanceOf(LaminaException.class)
        .hasMessage(file + message);
  }

  private void write(String header, int data) throws IOException {
    Files.write(file, bytes(header.length(), header, new byte[data]));
  }

  private static byte[] bytes(long length, String header, byte[] data) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(length)
        .put(text)
        .put(data)
        .array();
  }
}
