package dev.lamina;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.io.Resources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The golden files: those in the folder that the system property {@code golden.dir} names, or else
 * the copies among the test resources.
 */
public final class Golden {

  private static final String METADATA = "__metadata__";

  private Golden() {}

  /**
   * Returns the path of a golden file. A relative {@code golden.dir} is one relative to the project
   * folder. A folder without the wide set, or without a file of the zoo, leaves these to the test
   * resources.
   */
  public static Path file(String name) {
    boolean wide = name.startsWith("wide_");
    boolean zoo = name.startsWith("zoo_");
    String folder = System.getProperty("golden.dir", "").strip();
    Path given = Path.of(System.getProperty("basedir", "")).resolve(folder);
    if (!Files.isDirectory(given)) {
      throw new IllegalArgumentException("golden.dir must be a folder, got " + given);
    }
    try {
      if (!folder.isEmpty()
          && (!wide || Files.exists(given.resolve("wide_model.safetensors")))
          && (!zoo || Files.exists(given.resolve(name)))) {
        return given.resolve(name);
      }
      String set = wide ? "golden-wide/" : zoo ? "golden-zoo/" : "golden/";
      return Path.of(Resources.getResource(set + name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** Returns every tensor of a safetensors file, in the order of its header. */
  public static Map<String, Tensor> tensors(String name) {
    ByteBuffer file = read(name);
    JsonNode header = header(file);
    int start = Math.toIntExact(Long.BYTES + file.getLong(0));
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : header.properties()) {
      if (!entry.getKey().equals(METADATA)) {
        JsonNode tensor = entry.getValue();
        long[] shape = new long[tensor.path("shape").size()];
        Arrays.setAll(shape, i -> tensor.path("shape").path(i).asLong());
        int from = tensor.path("data_offsets").path(0).asInt();
        int to = tensor.path("data_offsets").path(1).asInt();
        ByteBuffer data = file.slice(start + from, to - from).order(ByteOrder.LITTLE_ENDIAN);
        tensors.put(entry.getKey(), new Tensor(tensor.path("dtype").asText(), shape, data));
      }
    }
    return tensors;
  }

  /** Returns the value of a key that must be there. */
  public static <T> T at(Map<String, T> map, String key) {
    T value = map.get(key);
    if (value == null) {
      throw new IllegalArgumentException("no " + key + " in " + map.keySet());
    }
    return value;
  }

  /** Returns the metadata of a safetensors file, empty where it has none. */
  public static Map<String, String> metadata(String name) {
    Map<String, String> metadata = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : header(read(name)).path(METADATA).properties()) {
      metadata.put(entry.getKey(), entry.getValue().asText());
    }
    return metadata;
  }

  private static ByteBuffer read(String name) {
    try {
      return ByteBuffer.wrap(Files.readAllBytes(file(name))).order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static JsonNode header(ByteBuffer file) {
    byte[] header = new byte[Math.toIntExact(file.getLong(0))];
    file.get(Long.BYTES, header);
    try {
      return new ObjectMapper().readTree(header);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A tensor in row-major order, of type F32, I32, I64 or U8. */
  public static final class Tensor {

    private final String type;
    private final long[] shape;
    private final ByteBuffer data;

    private Tensor(String type, long[] shape, ByteBuffer data) {
      this.type = type;
      this.shape = shape;
      this.data = data;
    }

    /** Returns the lengths of the dimensions. */
    public long[] shape() {
      return shape.clone();
    }

    /** Returns the numbers of an F32 tensor. */
    public float[] floats() {
      expect("F32");
      float[] values = new float[data.capacity() / Float.BYTES];
      data.asFloatBuffer().get(0, values);
      return values;
    }

    /** Returns the numbers of a U8 tensor, to be read as unsigned. */
    public byte[] bytes() {
      expect("U8");
      byte[] values = new byte[data.capacity()];
      data.get(0, values);
      return values;
    }

    /** Returns the numbers of an I32 tensor. */
    public int[] ints() {
      expect("I32");
      int[] values = new int[data.capacity() / Integer.BYTES];
      data.asIntBuffer().get(0, values);
      return values;
    }

    /** Returns the numbers of an I64 tensor. */
    public long[] longs() {
      expect("I64");
      long[] values = new long[data.capacity() / Long.BYTES];
      data.asLongBuffer().get(0, values);
      return values;
    }

    private void expect(String wanted) {
      if (!type.equals(wanted)) {
        throw new IllegalStateException("the tensor is " + type + ", not " + wanted);
      }
    }
  }
}
