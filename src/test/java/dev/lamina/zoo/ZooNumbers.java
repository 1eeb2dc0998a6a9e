package dev.lamina.zoo;

import dev.lamina.data.ImageSet;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/** The weights and images of the golden files of the zoo: functions of names and indices. */
final class ZooNumbers {
  private static final int SQUARE = 16;

  private ZooNumbers() {}

  /** Splitmix64 of the FNV-1a hash of the name. */
  private static final class Bits {
    private long state = 0xCBF29CE484222325L;

    Bits(String name) {
      for (byte letter : name.getBytes(StandardCharsets.US_ASCII)) {
        state = (state ^ letter) * 0x100000001B3L;
      }
    }

    long next() {
      state += 0x9E3779B97F4A7C15L;
      long x = (state ^ state >>> 30) * 0xBF58476D1CE4E5B9L;
      x = (x ^ x >>> 27) * 0x94D049BB133111EBL;
      return x ^ x >>> 31;
    }

    /** In [-1, 1). */
    double nextUniform() {
      return (next() >>> 40) / 0x1p23 - 1;
    }
  }

  /** Numbers in [-1, 1). */
  static double[] uniform(String name, int count) {
    Bits bits = new Bits(name);
    double[] values = new double[count];
    Arrays.setAll(values, i -> bits.nextUniform());
    return values;
  }

  /** The values of a parameter of a network, in PyTorch's layout. */
  static float[] weight(String network, String name, long[] shape) {
    int count = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    double[] values = uniform(name, count);
    double bound = Math.sqrt(6 / ((double) count / shape[0]));
    DoubleUnaryOperator scaled =
        name.endsWith(".bias")
            ? u ->
                network.startsWith("resnet") || network.startsWith("wrn")
                    ? u + 0.7 * Math.signum(u)
                    : 0.2 * u
            : shape.length == 1 ? u -> 0.3 + 0.15 * u : u -> u * bound;
    float[] floats = new float[count];
    for (int i = 0; i < count; i++) {
      floats[i] = (float) scaled.applyAsDouble(values[i]);
    }
    return floats;
  }

  /** Images of random squares with random pixels on them. */
  static ImageSet images(String name, int height, int width, int... labels) {
    int rows = (height + SQUARE - 1) / SQUARE;
    int columns = (width + SQUARE - 1) / SQUARE;
    Bits squareBits = new Bits(name + " squares");
    int[] squares = new int[labels.length * rows * columns * 3];
    Arrays.setAll(squares, i -> (int) (squareBits.next() >>> 56));
    Bits pixelBits = new Bits(name + " pixels");
    byte[] pixels = new byte[labels.length * height * width * 3];
    for (int i = 0; i < pixels.length; i++) {
      int column = i / 3 % width;
      int row = i / 3 / width % height;
      int image = i / 3 / width / height;
      int square = squares[((image * rows + row / SQUARE) * columns + column / SQUARE) * 3 + i % 3];
      pixels[i] = (byte) ((3 * square + (int) (pixelBits.next() >>> 56)) / 4);
    }
    List<String> classes = IntStream.range(0, 1000).mapToObj(Integer::toString).toList();
    return ImageSet.of(height, width, 3, pixels, labels, classes);
  }

  /**
   * The norm, and the products with two vectors of random numbers, of values in PyTorch's order.
   */
  static float[] summary(String name, float[] values, long[] torchShape) {
    float[] summary = {(float) GoldenModel.norm(values), 0, 0};
    for (int k = 1; k <= 2; k++) {
      double[] uniform = uniform(name + " " + k, values.length);
      float[] vector = new float[values.length];
      for (int i = 0; i < vector.length; i++) {
        vector[i] = (float) uniform[i];
      }
      vector = GoldenModel.toTensorFlow(vector, torchShape);
      double product = 0;
      for (int i = 0; i < vector.length; i++) {
        product += (double) vector[i] * values[i];
      }
      summary[k] = (float) product;
    }
    return summary;
  }
}
