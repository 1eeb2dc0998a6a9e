package dev.lamina.augment;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/** Runs drawing parts and judges what they draw. */
final class Drawn {

  private Drawn() {}

  /** Runs ops with outputs of rank 1 and returns their numbers, one array for each output. */
  static double[][] run(Function<Ops, List<? extends Operand<? extends TNumber>>> draw) {
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Session.Runner runner = session.runner();
      draw.apply(Ops.create(graph)).forEach(runner::fetch);
      try (Result result = runner.run()) {
        double[][] drawn = new double[result.size()][];
        for (int i = 0; i < drawn.length; i++) {
          drawn[i] = numbers((TNumber) result.get(i));
        }
        return drawn;
      }
    }
  }

  /**
   * Runs ops with scalar outputs once for each of the seeds {1, 0}, {1, 1}, ... and returns their
   * numbers, one array for each output.
   */
  static double[][] repeat(
      int times,
      BiFunction<Ops, Operand<TInt64>, List<? extends Operand<? extends TNumber>>> draw) {
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      Placeholder<TInt64> seed = tf.placeholder(TInt64.class, Placeholder.shape(Shape.of(2)));
      List<Operand<?>> outputs = new ArrayList<>();
      draw.apply(tf, seed)
          .forEach(output -> outputs.add(tf.reshape(output, tf.constant(new int[] {1}))));
      double[][] drawn = new double[outputs.size()][times];
      for (int n = 0; n < times; n++) {
        try (TInt64 value = TInt64.vectorOf(1, n)) {
          Session.Runner runner = session.runner().feed(seed, value);
          outputs.forEach(runner::fetch);
          try (Result result = runner.run()) {
            for (int i = 0; i < drawn.length; i++) {
              drawn[i][n] = numbers((TNumber) result.get(i))[0];
            }
          }
        }
      }
      return drawn;
    }
  }

  /**
   * Checks by a Kolmogorov-Smirnov test, at a level of 0.0001, that values follow a continuous
   * distribution.
   */
  static void assertDistribution(double[] values, DoubleUnaryOperator cumulative) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    double largest = 0;
    for (int i = 0; i < sorted.length; i++) {
      double expected = cumulative.applyAsDouble(sorted[i]);
      largest = Math.max(largest, Math.abs(expected - (double) i / sorted.length));
      largest = Math.max(largest, Math.abs(expected - (i + 1.0) / sorted.length));
    }
    assertThat(largest).isLessThan(2.225 / Math.sqrt(sorted.length));
  }

  /**
   * Checks by a chi-square test, at a level of 0.0001, that values 0 to count - 1 are equally
   * frequent.
   */
  static void assertUniform(IntStream values, int count) {
    long[] times = new long[count];
    values.forEach(value -> times[value]++);
    double expected = (double) Arrays.stream(times).sum() / count;
    assertThat(expected).as("enough draws").isGreaterThan(50);
    double chiSquare =
        Arrays.stream(times).mapToDouble(n -> (n - expected) * (n - expected) / expected).sum();
    // Wilson and Hilferty's approximation of the quantile.
    double spread = 2.0 / (9 * (count - 1));
    double limit = (count - 1) * Math.pow(1 - spread + 3.719 * Math.sqrt(spread), 3);
    assertThat(chiSquare).as("counts %s", Arrays.toString(times)).isLessThan(limit);
  }

  private static double[] numbers(TNumber tensor) {
    double[] numbers = new double[(int) tensor.size()];
    for (int i = 0; i < numbers.length; i++) {
      if (tensor instanceof TInt32 ints) {
        numbers[i] = ints.getInt(i);
      } else if (tensor instanceof TInt64 longs) {
        numbers[i] = longs.getLong(i);
      } else {
        numbers[i] = ((TFloat32) tensor).getFloat(i);
      }
    }
    return numbers;
  }
}
