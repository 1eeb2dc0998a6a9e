package dev.lamina.loss;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.assertj.core.data.Offset;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;

/**
 * Compares a loss in a graph, and its gradient with respect to the outputs, with a formula in
 * double precision and its finite differences.
 */
final class LossCheck {

  /** The loss of one example, in plain Java. */
  @FunctionalInterface
  interface Formula {
    double of(double[] outputs, double[] targets);
  }

  private LossCheck() {}

  /** Returns [N][classes] numbers from -3 to 3 that float32 holds exactly. */
  static double[][] outputs(int n, int classes) {
    Random random = new Random(7L * n + classes);
    double[][] outputs = new double[n][classes];
    for (double[] row : outputs) {
      for (int k = 0; k < classes; k++) {
        row[k] = random.nextInt(-3 << 20, 3 << 20) / (double) (1 << 20);
      }
    }
    return outputs;
  }

  /** Returns [N][classes] distributions that float32 holds exactly. */
  static double[][] distributions(int n, int classes) {
    Random random = new Random(11L * n + classes);
    double[][] targets = new double[n][classes];
    for (double[] row : targets) {
      int rest = 1 << 20;
      for (int k = 0; k < classes; k++) {
        int share = k == classes - 1 ? rest : random.nextInt(rest);
        row[k] = share / (double) (1 << 20);
        rest -= share;
      }
    }
    return targets;
  }

  /** Returns [N][classes], 1 for one class of each example and else 0. */
  static double[][] oneHot(int n, int classes) {
    Random random = new Random(13L * n + classes);
    double[][] targets = new double[n][classes];
    for (double[] row : targets) {
      row[random.nextInt(classes)] = 1;
    }
    return targets;
  }

  /** Checks the loss of each example to 1e-6 and its gradient to 1e-6. */
  static void check(Loss loss, Formula formula, double[][] outputs, double[][] targets) {
    double[][] actual = run(loss, outputs, targets);
    for (int n = 0; n < outputs.length; n++) {
      double expected = formula.of(outputs[n], targets[n]);
      assertThat(actual[n][0])
          .as("loss of example %s", n)
          .isCloseTo(expected, Offset.offset(1e-6 * Math.max(1, Math.abs(expected))));
      for (int k = 0; k < outputs[n].length; k++) {
        double slope = slope(formula, outputs[n], targets[n], k);
        assertThat(actual[n][1 + k])
            .as("gradient of output %s of example %s", k, n)
            .isCloseTo(slope, Offset.offset(1e-6 * Math.max(1, Math.abs(slope))));
      }
    }
  }

  private static double slope(Formula formula, double[] outputs, double[] targets, int k) {
    double step = 1e-5;
    double[] right = outputs.clone();
    double[] left = outputs.clone();
    right[k] += step;
    left[k] -= step;
    return (formula.of(right, targets) - formula.of(left, targets)) / (2 * step);
  }

  /**
   * Returns for each example its loss and the gradient of the sum of the losses with respect to its
   * outputs. The graph does not know the number of examples.
   */
  static double[][] run(Loss loss, double[][] outputs, double[][] targets) {
    int classes = outputs[0].length;
    try (Graph graph = new Graph();
        Session session = new Session(graph);
        TFloat32 outputsTensor = tensor(outputs);
        TFloat32 targetsTensor = tensor(targets)) {
      Ops tf = Ops.create(graph);
      Placeholder.Options shape = Placeholder.shape(Shape.of(-1, classes));
      Operand<TFloat32> x = tf.placeholder(TFloat32.class, shape);
      Operand<TFloat32> t = tf.placeholder(TFloat32.class, shape);
      Operand<TFloat32> losses = loss.apply(tf, x, t);
      Output<?>[] gradient =
          graph.addGradients(
              tf.reduceSum(losses, tf.constant(0)).asOutput(), new Output<?>[] {x.asOutput()});
      try (Result result =
          session
              .runner()
              .feed(x, outputsTensor)
              .feed(t, targetsTensor)
              .fetch(losses)
              .fetch(gradient[0])
              .run()) {
        TFloat32 values = (TFloat32) result.get(0);
        TFloat32 slopes = (TFloat32) result.get(1);
        assertThat(values.shape()).isEqualTo(Shape.of(outputs.length));
        double[][] rows = new double[outputs.length][1 + classes];
        for (int n = 0; n < rows.length; n++) {
          rows[n][0] = values.getFloat(n);
          for (int k = 0; k < classes; k++) {
            rows[n][1 + k] = slopes.getFloat(n, k);
          }
        }
        return rows;
      }
    }
  }

  private static TFloat32 tensor(double[][] rows) {
    float[][] floats = new float[rows.length][rows[0].length];
    for (int n = 0; n < rows.length; n++) {
      for (int k = 0; k < rows[n].length; k++) {
        floats[n][k] = (float) rows[n][k];
      }
    }
    return TFloat32.tensorOf(StdArrays.ndCopyOf(floats));
  }

  static double[] softmax(double[] x) {
    double sum = 0;
    double[] p = new double[x.length];
    for (int k = 0; k < x.length; k++) {
      p[k] = Math.exp(x[k]);
      sum += p[k];
    }
    for (int k = 0; k < x.length; k++) {
      p[k] /= sum;
    }
    return p;
  }
}
