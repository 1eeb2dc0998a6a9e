package dev.lamina.serve;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.lamina.graph.GraphSession;
import java.io.IOException;
import java.util.Arrays;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;

/** One output of a signature for all images of a batch, copied out of TensorFlow's memory. */
final class Output {
  /** The shape for one image. */
  private final long[] shape;

  private final int size;

  /** A float[], long[] or String[] of all images, flattened. */
  private final Object values;

  private Output(long[] shape, Object values) {
    this.shape = shape;
    this.size = Math.toIntExact(Arrays.stream(shape).reduce(1, (a, b) -> a * b));
    this.values = values;
  }

  /** Copies a tensor [N, ...]. */
  static Output of(Tensor tensor) {
    long[] shape = tensor.shape().asArray();
    return new Output(Arrays.copyOfRange(shape, 1, shape.length), values(tensor));
  }

  private static Object values(Tensor tensor) {
    if (tensor instanceof TString strings) {
      return strings.streamOfObjects().toArray(String[]::new);
    }
    if (tensor instanceof TInt64 numbers) {
      long[] values = new long[Math.toIntExact(numbers.size())];
      numbers.copyTo(DataBuffers.of(values, false, false));
      return values;
    }
    return GraphSession.floats(tensor);
  }

  /** The values of one image; the output must be floating-point. */
  float[] floats(int image) {
    return Arrays.copyOfRange((float[]) values, image * size, (image + 1) * size);
  }

  /** Writes the values of one image: a number, a string, or nested arrays of them. */
  void write(JsonGenerator json, int image) throws IOException {
    write(json, image * size, size, 0);
  }

  private void write(JsonGenerator json, int from, int count, int axis) throws IOException {
    if (axis < shape.length) {
      json.writeStartArray();
      int step = count / Math.toIntExact(shape[axis]);
      for (int i = from; i < from + count; i += step) {
        write(json, i, step, axis + 1);
      }
      json.writeEndArray();
    } else if (values instanceof float[] floats) {
      json.writeNumber(floats[from]);
    } else if (values instanceof long[] longs) {
      json.writeNumber(longs[from]);
    } else {
      json.writeString(((String[]) values)[from]);
    }
  }
}
