package dev.lamina.format;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.common.primitives.ImmutableLongArray;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads an untrusted safetensors file: all sizes are checked against the length of the file before
 * memory is allocated.
 */
final class SafetensorsReader {
  /** The limit of the reference implementation. */
  private static final long HEADER_LIMIT = 100_000_000;

  /** The longest array that every Java virtual machine supports. */
  static final long ARRAY_LIMIT = Integer.MAX_VALUE - 8L;

  private static final String COPY = "; copy it again";
  private static final String WRONG_FILE = "; check that it is the right file";
  private static final String SAVE = "; save it again with the program that wrote it";

  /** The first bytes of a zip archive, in which PyTorch puts its pickles. */
  private static final int ZIP = 'P' | 'K' << 8 | 3 << 16 | 4 << 24;

  /** Where the length of the first file's name is, and its name. */
  private static final int ZIP_NAME_LENGTH = 26;

  private static final int ZIP_HEADER = 30;

  /** The first byte of a pickle; the number of its protocol follows. */
  private static final int PICKLE = 0x80;

  private static final String CONVERT =
      """
      is a pickle, which PyTorch writes (.pth, .pt, .ckpt, .bin) and which can run code when it is read; convert it in Python:
      import torch
      from safetensors.torch import save_file
      weights = torch.load("%s", map_location="cpu", weights_only=True)
      keys = ["state_dict", "model_state_dict", "model", "net"]
      weights = next((weights[k] for k in keys if isinstance(weights.get(k), dict)), weights)
      tensors = {k: v.clone(memory_format=torch.contiguous_format) for k, v in weights.items() if torch.is_tensor(v)}
      assert tensors, f"no tensors in {list(weights)}: set weights to the entry that contains them"
      save_file(tensors, "weights.safetensors")""";

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private record Entry(String name, Dtype dtype, ImmutableLongArray shape, long begin, long end) {}

  private final Path file;

  /** Creates a reader for a file, whose name is only used in messages. */
  SafetensorsReader(Path file) {
    this.file = file;
  }

  static Safetensors read(Path file) {
    // Not a channel, which an interrupt of the thread would close.
    try (InputStream in = Files.newInputStream(file)) {
      return new SafetensorsReader(file).read(in, Files.size(file));
    } catch (NoSuchFileException e) {
      throw new UncheckedIOException(file + " does not exist; check the path", e);
    } catch (IOException e) {
      throw new UncheckedIOException(
          file + " cannot be read (" + e + "); check that it is a file and its permissions", e);
    }
  }

  /** Reads the content of a file of a size. */
  Safetensors read(InputStream in, long size) throws IOException {
    long available = size - Long.BYTES;
    if (available < 0) {
      throw wrong(" is truncated: header length takes 8 bytes, file has " + size + COPY);
    }
    long length = fill(in, Long.BYTES).getLong(0);
    if (Long.compareUnsigned(length, HEADER_LIMIT) > 0) {
      if (isPickle(length, in, size)) {
        throw wrong(" " + CONVERT.formatted(file.getFileName()));
      }
      throw wrong(
          " is not a safetensors file: header length must be at most %s, got %s%s"
              .formatted(HEADER_LIMIT, Long.toUnsignedString(length), WRONG_FILE));
    }
    if (length > available) {
      throw wrong(
          " is truncated: header takes %s bytes, file has %s%s".formatted(length, available, COPY));
    }
    JsonNode header = header(fill(in, (int) length).array());
    Map<String, String> metadata = metadata(header.path(Safetensors.METADATA));
    List<Entry> entries = entries(header);
    checkLayout(entries, available - length);
    Map<String, Safetensors.Tensor> tensors = new LinkedHashMap<>();
    for (Entry entry : entries) {
      ByteBuffer data = fill(in, (int) (entry.end() - entry.begin()));
      String label = file + ": " + tensor(entry.name());
      tensors.put(
          entry.name(),
          new Safetensors.Tensor(label, entry.dtype(), entry.shape().toArray(), data));
    }
    return new Safetensors(tensors, metadata);
  }

  /** Whether a file begins as a zip archive of PyTorch, or as a pickle of protocol 2 or later. */
  private static boolean isPickle(long firstBytes, InputStream rest, long size) throws IOException {
    int protocol = (int) (firstBytes >> Byte.SIZE) & 0xff;
    return (int) firstBytes == ZIP
        ? firstEntry(rest, size).matches("|.*/data.pkl")
        : (firstBytes & 0xff) == PICKLE && protocol >= 2 && protocol <= 5;
  }

  /** Returns the name of the first file in a zip archive; empty if the archive is cut off. */
  private static String firstEntry(InputStream rest, long size) throws IOException {
    long left = Math.max(0, size - ZIP_HEADER);
    if (left == 0) {
      return "";
    }
    ByteBuffer header = fill(rest, ZIP_HEADER - Long.BYTES);
    int length = Short.toUnsignedInt(header.getShort(ZIP_NAME_LENGTH - Long.BYTES));
    return new String(fill(rest, (int) Math.min(left, length)).array(), UTF_8);
  }

  private static ByteBuffer fill(InputStream in, int bytes) throws IOException {
    byte[] read = new byte[bytes];
    if (in.readNBytes(read, 0, bytes) < bytes) {
      throw new EOFException("the file was truncated while it was read");
    }
    return ByteBuffer.wrap(read).order(ByteOrder.LITTLE_ENDIAN);
  }

  private JsonNode header(byte[] bytes) {
    if (bytes.length == 0 || bytes[0] != '{') {
      throw wrong(" is not a safetensors file: header is not a JSON object" + WRONG_FILE);
    }
    try {
      // Decodes explicitly: Jackson guesses another encoding if it finds zero bytes.
      return JSON.readTree(UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      throw wrong(" has a damaged header: it is not UTF-8" + COPY);
    } catch (JsonProcessingException e) {
      throw wrong(" has a damaged header: " + oneLine(e.getOriginalMessage()) + COPY);
    }
  }

  private Map<String, String> metadata(JsonNode node) {
    if (!node.isMissingNode() && !node.isObject()) {
      throw wrong(": " + Safetensors.METADATA + " must be an object, got " + oneLine(node) + SAVE);
    }
    Map<String, String> metadata = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      if (!entry.getValue().isTextual()) {
        throw wrong(
            ": %s must contain strings, got %s for \"%s\"%s"
                .formatted(
                    Safetensors.METADATA,
                    oneLine(entry.getValue()),
                    oneLine(entry.getKey()),
                    SAVE));
      }
      metadata.put(entry.getKey(), entry.getValue().textValue());
    }
    return metadata;
  }

  private List<Entry> entries(JsonNode header) {
    List<Entry> entries = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : header.properties()) {
      if (!entry.getKey().equals(Safetensors.METADATA)) {
        entries.add(entry(entry.getKey(), entry.getValue()));
      }
    }
    entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    return entries;
  }

  private Entry entry(String name, JsonNode node) {
    Dtype dtype = dtype(name, node.path("dtype"));
    long[] shape = numbers(name, "shape", node.path("shape"));
    long[] offsets = numbers(name, "data_offsets", node.path("data_offsets"));
    if (offsets.length != 2 || offsets[0] > offsets[1]) {
      throw wrong(
          name,
          "data_offsets must be [begin, end], got " + oneLine(Arrays.toString(offsets)) + SAVE);
    }
    long covered = offsets[1] - offsets[0];
    if (covered != size(name, dtype, shape)) {
      throw wrong(
          name,
          "%s of shape %s takes %s bytes, data_offsets cover %s%s"
              .formatted(
                  dtype, oneLine(Arrays.toString(shape)), size(name, dtype, shape), covered, SAVE));
    }
    if (covered > ARRAY_LIMIT) {
      throw wrong(
          name, "size must be at most %s bytes, got %s%s".formatted(ARRAY_LIMIT, covered, SAVE));
    }
    return new Entry(name, dtype, ImmutableLongArray.copyOf(shape), offsets[0], offsets[1]);
  }

  private Dtype dtype(String name, JsonNode node) {
    for (Dtype dtype : Dtype.values()) {
      if (dtype.name().equals(node.textValue())) {
        return dtype;
      }
    }
    throw wrong(
        name,
        "dtype must be one of %s, got %s%s"
            .formatted(Arrays.toString(Dtype.values()), oneLine(node), SAVE));
  }

  private long[] numbers(String name, String field, JsonNode node) {
    long[] numbers = new long[node.size()];
    boolean good = node.isArray();
    for (int i = 0; good && i < numbers.length; i++) {
      good = node.path(i).isIntegralNumber() && node.path(i).canConvertToLong();
      numbers[i] = node.path(i).longValue();
      good &= numbers[i] >= 0;
    }
    if (!good) {
      throw wrong(
          name,
          "%s must be whole numbers from 0 to 2^63 - 1, got %s%s"
              .formatted(field, oneLine(node), SAVE));
    }
    return numbers;
  }

  private long size(String name, Dtype dtype, long[] shape) {
    try {
      return Math.multiplyExact(dtype.bytes(), Arrays.stream(shape).reduce(1, Math::multiplyExact));
    } catch (ArithmeticException e) {
      throw wrong(
          name,
          "shape must take less than 2^63 bytes, got %s of %s%s"
              .formatted(oneLine(Arrays.toString(shape)), dtype, SAVE));
    }
  }

  /** Checks that the tensors, sorted by offset, cover the data without gaps or overlaps. */
  private void checkLayout(List<Entry> entries, long available) {
    long end = 0;
    for (Entry entry : entries) {
      if (entry.begin() != end) {
        throw wrong(
            entry.name(),
            "data must begin at %s, where the previous tensor ends, got %s%s"
                .formatted(end, entry.begin(), SAVE));
      }
      end = entry.end();
    }
    if (end > available) {
      throw wrong(
          " is truncated: header declares %s bytes of data, file has %s%s"
              .formatted(end, available, COPY));
    }
    if (end < available) {
      throw wrong(
          " is too long: header declares %s bytes of data, file has %s%s"
              .formatted(end, available, COPY));
    }
  }

  private LaminaException wrong(String tensor, String problem) {
    return wrong(": " + tensor(tensor) + ": " + problem);
  }

  private LaminaException wrong(String problem) {
    return new LaminaException(file + problem);
  }

  private static String tensor(String name) {
    return "tensor \"" + oneLine(name) + "\"";
  }

  private static String oneLine(Object value) {
    return Messages.singleLine(
        value instanceof JsonNode node && node.isMissingNode() ? "nothing" : value);
  }
}
