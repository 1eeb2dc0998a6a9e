package dev.lamina.augment;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
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
