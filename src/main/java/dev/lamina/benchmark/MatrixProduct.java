package dev.lamina.benchmark;

import dev.lamina.graph.Device;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Precision;
import java.util.concurrent.TimeUnit;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.family.TFloating;

/**
 * The peak arithmetic throughput of TensorFlow on this machine, as a reference for other
 * measurements.
 */
public final class MatrixProduct {
  private static final int SIZE = 2048;
  private static final int MIN_ROUNDS = 3;

  private MatrixProduct() {}

  /**
   * Measures the product of two 2048 x 2048 matrices for about a second.
   *
   * @param device the device to measure
   * @param precision the element type
   * @return the highest rate in FLOP/s; a multiply-accumulate counts as two
   */
  public static double flopsPerSecond(Device device, Precision precision) {
    try (GraphSession session = new GraphSession(device)) {
      Ops tf = session.ops();
      VarHandleOp matrix = tf.varHandleOp(precision.type(), Shape.of(SIZE, SIZE));
      Operand<TFloating> random =
          Floats.asFloating(
              tf.random.statelessRandomUniform(
                  tf.constant(new int[] {SIZE, SIZE}), tf.constant(new long[] {1, 2})));
      Op assign = tf.assignVariableOp(matrix, Floats.cast(tf, random, precision.type()));
      session.runner().addTarget(assign).run().close();
      Operand<? extends TFloating> value = tf.readVariableOp(matrix, precision.type());
      Operand<? extends TFloating> product = product(tf, value);
      session.runner().addTarget(product).run().close();
      long begin = System.nanoTime();
      long best = Long.MAX_VALUE;
      for (int i = 0;
          i < MIN_ROUNDS || System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(1);
          i++) {
        long start = System.nanoTime();
        session.runner().addTarget(product).run().close();
        best = Math.min(best, System.nanoTime() - start);
      }
      return 2.0 * SIZE * SIZE * SIZE / best * TimeUnit.SECONDS.toNanos(1);
    }
  }

  private static <T extends TFloating> Operand<T> product(Ops tf, Operand<T> matrix) {
    return tf.linalg.matMul(matrix, matrix);
  }
}
