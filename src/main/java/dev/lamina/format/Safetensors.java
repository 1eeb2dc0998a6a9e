package dev.lamina.format;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.io.LaminaException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The content of a safetensors file: named tensors and metadata. The format is 8 bytes of header
 * length, a JSON header with type, shape and offsets of each tensor, and the data; see <a
 * href="https://github.com/huggingface/safetensors">its description</a>.
 *
 * @param tensors the tensors by name
 * @param metadata strings by key; empty if the file has none
 */
public record Safetensors(Map<String, Tensor> tensors, Map<String, String> metadata) {
  /** The reserved key of the metadata in the header. */
  static final String METADATA = "__metadata__";

  /** Checks that no tensor has the reserved name, and copies the maps in order. */
  public Safetensors {
    checkArgument(
        !tensors.containsKey(METADATA), "no tensor must have the reserved name %s", METADATA);
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
  }

  /**
   * Reads a complete file, its tensors in the order of their data.
   *
   * @throws LaminaException if the file is not a safetensors file, or is damaged
   * @throws java.io.UncheckedIOException if it cannot be read
   */
  public static Safetensors read(Path file) {
    return SafetensorsReader.read(file);
  }

  /**
   * Writes a file atomically: to a temporary file in the same folder, which is then renamed.
   * Creates a missing folder.
   *
   * @throws java.io.UncheckedIOException if it cannot be written
   */
  public void write(Path file) {
    SafetensorsWriter.write(file, this);
  }

  /** The bytes of the file: the header, then each tensor, widest types first. */
  public List<ByteBuffer> pieces() {
    return SafetensorsWriter.pieces(this);
  }

  /** An immutable tensor in row-major order. */
  public static final class Tensor {
    private final String label;
    private final Dtype dtype;
    private final long[] shape;
    private final ByteBuffer data;

    /** Creates a tensor without copying shape and data. Messages about it start with the label. */
    Tensor(String label, Dtype dtype, long[] shape, ByteBuffer data) {
      this.label = label;
      this.dtype = dtype;
      this.shape = shape;
      this.data = data;
    }

    /**
     * An F32 tensor.
     *
     * @param shape the sizes of the dimensions; empty for a scalar
     * @param values the elements in row-major order
     */
    public static Tensor of(long[] shape, float[] values) {
      checkArgument(
          Arrays.stream(shape).allMatch(length -> length >= 0)
              && Arrays.stream(shape).asDoubleStream().reduce(1, (a, b) -> a * b) == values.length,
          "values must fill the shape %s, got %s values",
          Arrays.toString(shape),
          values.length);
      ByteBuffer data = littleEndian(Math.multiplyExact(values.length, Dtype.F32.bytes()));
      data.asFloatBuffer().put(values);
      return new Tensor("tensor", Dtype.F32, shape.clone(), data);
    }

    /** A U8 tensor of one dimension. */
    public static Tensor of(byte[] bytes) {
      return new Tensor(
          "tensor",
          Dtype.U8,
          new long[] {bytes.length},
          littleEndian(bytes.length).put(bytes).flip());
    }

    /** The element type. */
    public Dtype dtype() {
      return dtype;
    }

    /** The sizes of the dimensions; empty for a scalar. */
    public long[] shape() {
      return shape.clone();
    }

    /** A read-only view of the bytes, little-endian. */
    public ByteBuffer data() {
      return data.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * The elements as floats; F64 is rounded.
     *
     * @throws LaminaException if the type is not F32, F64, F16 or BF16
     */
    public float[] floats() {
      float[] values = new float[data.capacity() / dtype.bytes()];
      switch (dtype) {
        case F32 -> data.asFloatBuffer().get(values);
        case F64 -> {
          for (int i = 0; i < values.length; i++) {
            values[i] = (float) data.getDouble(i * Double.BYTES);
          }
        }
        case F16 -> {
          for (int i = 0; i < values.length; i++) {
            values[i] = half(data.getShort(i * Short.BYTES));
          }
        }
        case BF16 -> {
          for (int i = 0; i < values.length; i++) {
            values[i] = Float.intBitsToFloat(data.getShort(i * Short.BYTES) << 16);
          }
        }
        default ->
            throw new LaminaException(
                "%s is %s, which is not a supported float type; store it as F32, F64, F16 or BF16"
                    .formatted(label, dtype));
      }
      return values;
    }

    /** IEEE 754 half precision: 1 bit of sign, 5 of exponent (bias 15), 10 of fraction. */
    private static float half(short bits) {
      int exponent = bits >> 10 & 0x1f;
      int fraction = bits & 0x3ff;
      float magnitude =
          switch (exponent) {
            case 0 -> fraction * 0x1p-24f;
            case 0x1f -> fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
            default -> Math.scalb(1 + fraction * 0x1p-10f, exponent - 15);
          };
      return bits < 0 ? -magnitude : magnitude;
    }
  }

  static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
