package dev.lamina.benchmark;

import dev.lamina.graph.Device;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Precision;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.family.TFloating;

/**
 * The peak arithmetic throughput of TensorFlow on this machine, in FLOP/s, as a reference for other
 * measurements: the highest of the rates of about a second. A multiply-accumulate counts as two.
 */
public final class PeakRate {
  private static final int SIZE = 2048;

  /** On a card a smaller product takes no longer than to start it. */
  private static final int SIZE_ON_GPU = 8192;

  private static final int IMAGES = 64;
  private static final int SIDE = 32;
  private static final int CHANNELS = 64;
  private static final int KERNEL = 3;
  private static final int MIN_ROUNDS = 3;

  private PeakRate() {}

  /** Measures the product of two square matrices of 2048 rows, on a GPU of 8192. */
  public static double matrixProduct(Device device, Precision precision) {
    int size = device.kind() == Device.Kind.GPU ? SIZE_ON_GPU : SIZE;
    Shape matrix = Shape.of(size, size);
    return measure(
        device,
        precision,
        matrix,
        matrix,
        2.0 * size * size * size,
        tf -> (a, b) -> tf.linalg.matMul(a, b));
  }

  /** Measures a 3x3 convolution of 64 images, 32 x 32 with 64 channels, to 64 channels. */
  public static double convolution(Device device, Precision precision) {
    return measure(
        device,
        precision,
        Shape.of(IMAGES, SIDE, SIDE, CHANNELS),
        Shape.of(KERNEL, KERNEL, CHANNELS, CHANNELS),
        2.0 * IMAGES * SIDE * SIDE * CHANNELS * KERNEL * KERNEL * CHANNELS,
        tf -> (images, filters) -> tf.nn.conv2d(images, filters, List.of(1L, 1L, 1L, 1L), "SAME"));
  }

  private interface Product {
    BiFunction<Operand<TFloating>, Operand<TFloating>, Operand<TFloating>> in(Ops tf);
  }

  private static double measure(
      Device device,
      Precision precision,
      Shape left,
      Shape right,
      double operations,
      Product product) {
    try (GraphSession session = new GraphSession(device)) {
      Ops tf = session.ops();
      Operand<TFloating> result =
          product
              .in(tf)
              .apply(
                  variable(session, precision, "left", left),
                  variable(session, precision, "right", right));
      // One number is fetched: TensorFlow leaves out what nobody reads.
      int[] ones = new int[result.shape().numDimensions()];
      Arrays.fill(ones, 1);
      Operand<TFloating> first =
          tf.slice(result, tf.constant(new int[ones.length]), tf.constant(ones));
      session.runner().fetch(first).run().close();
      long begin = System.nanoTime();
      long best = Long.MAX_VALUE;
      for (int i = 0;
          i < MIN_ROUNDS || System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(1);
          i++) {
        long start = System.nanoTime();
        session.runner().fetch(first).run().close();
        best = Math.min(best, System.nanoTime() - start);
      }
      return operations / best * TimeUnit.SECONDS.toNanos(1);
    }
  }

  /** Returns a variable with random values, which TensorFlow does not fold as a constant. */
  private static Operand<TFloating> variable(
      GraphSession session, Precision precision, String name, Shape shape) {
    Ops tf = session.ops();
    VarHandleOp handle = tf.varHandleOp(precision.type(), shape, VarHandleOp.sharedName(name));
    Operand<TFloating> random =
        Floats.asFloating(
            tf.random.statelessRandomUniform(
                tf.constant(shape), tf.constant(new long[] {1, shape.size()})));
    Op assign = tf.assignVariableOp(handle, Floats.cast(tf, random, precision.type()));
    session.runner().addTarget(assign).run().close();
    return Floats.asFloating(tf.readVariableOp(handle, precision.type()));
  }
}
