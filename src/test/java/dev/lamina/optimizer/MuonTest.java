package dev.lamina.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.graph.Precision;
import dev.lamina.graph.Role;
import dev.lamina.optimizer.OptimizerRun.Weight;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Muon against its equations in double precision, on filters [out, inputs] as in its source. */
class MuonTest {
  private static final double[] RATES = {0.3, 0.5, 0.1};
  private static final double[] MOMENTA = {0.95, 0.6, 0.9};
  private static final double DECAY = 0.1;

  /** Wide, tall and square matrices; a classifier; what a batch norm has. */
  private static final List<Weight> WEIGHTS =
      List.of(
          weight("wide.weight", Role.KERNEL, 3, 3, 2, 5),
          weight("tall.weight", Role.KERNEL, 1, 1, 2, 7),
          weight("square.weight", Role.KERNEL, 2, 1, 3, 6),
          weight("one.weight", Role.KERNEL, 3, 3, 1, 1),
          weight("top.weight", Role.KERNEL, 5, 3),
          weight("norm.bias", Role.NORM, 5));

  private static Weight weight(String name, Role role, long... shape) {
    return Weight.random(name, RATES.length, role, shape);
  }

  private static double[][] matrix(double[] kernel, int out) {
    double[][] filters = new double[out][kernel.length / out];
    for (int i = 0; i < kernel.length; i++) {
      filters[i % out][i / out] = kernel[i];
    }
    return filters;
  }

  private static double[][] times(double[][] a, double[][] b) {
    double[][] product = new double[a.length][b[0].length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < b[0].length; j++) {
        for (int k = 0; k < b.length; k++) {
          product[i][j] += a[i][k] * b[k][j];
        }
      }
    }
    return product;
  }

  private static double[][] transposed(double[][] a) {
    double[][] turned = new double[a[0].length][a.length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < a[0].length; j++) {
        turned[j][i] = a[i][j];
      }
    }
    return turned;
  }

  private static double norm(double[][] a) {
    return Math.sqrt(Arrays.stream(a).flatMapToDouble(Arrays::stream).map(x -> x * x).sum());
  }

  /** x = a x + (b A + c A A) x with A = x x', five times. */
  private static double[][] orthogonal(double[][] u) {
    double norm = norm(u);
    double[][] x = new double[u.length][];
    Arrays.setAll(x, i -> Arrays.stream(u[i]).map(value -> value / norm).toArray());
    for (int n = 0; n < 5; n++) {
      double[][] gram = times(x, transposed(x));
      double[][] square = times(gram, gram);
      double[][] factor = new double[gram.length][gram.length];
      for (int i = 0; i < gram.length; i++) {
        for (int j = 0; j < gram.length; j++) {
          factor[i][j] = -4.7750 * gram[i][j] + 2.0315 * square[i][j];
        }
      }
      double[][] product = times(factor, x);
      for (int i = 0; i < x.length; i++) {
        for (int j = 0; j < x[0].length; j++) {
          product[i][j] += 3.4445 * x[i][j];
        }
      }
      x = product;
    }
    return x;
  }

  private static double[] expected(Weight weight, boolean normalized) {
    double[] w = weight.initial().clone();
    double[] v = new double[w.length];
    boolean filters = weight.shape().length == 4;
    int out = (int) weight.shape()[weight.shape().length - 1];
    for (int t = 0; t < RATES.length; t++) {
      double[] u = new double[w.length];
      double squares = Arrays.stream(w).map(x -> x * x).sum();
      for (int i = 0; i < w.length; i++) {
        double g = weight.gradients()[t][i];
        v[i] = MOMENTA[t] * v[i] + g;
        u[i] = g + MOMENTA[t] * v[i];
        if (normalized && filters) {
          w[i] *= Math.sqrt(out) / Math.sqrt(squares);
        } else {
          w[i] -= normalized ? 0 : RATES[t] * DECAY * w[i];
        }
      }
      double[][] step = filters ? orthogonal(matrix(u, out)) : matrix(u, out);
      double scale = filters ? Math.sqrt(Math.max(1, out / ((double) w.length / out))) : 1;
      for (int i = 0; i < w.length; i++) {
        w[i] -= RATES[t] * scale * step[i % out][i / out];
      }
    }
    return w;
  }

  private static Map<String, double[]> run(Muon muon) {
    return run(muon, Precision.FLOAT32);
  }

  private static Map<String, double[]> run(Muon muon, Precision training) {
    return OptimizerRun.of(muon, List.of(), WEIGHTS, RATES, MOMENTA, training)
        .get(RATES.length - 1);
  }

  @Test
  void steps_areThoseOfTheEquations() {
    Map<String, double[]> decayed = run(Muon.of(0.95).weightDecay(DECAY).withDecoupledDecay());
    Map<String, double[]> normalized = run(Muon.of(0.95).withNormalizedKernels());
    for (Weight weight : WEIGHTS) {
      assertThat(decayed.get(weight.name()))
          .as(weight.name())
          .containsExactly(expected(weight, false), within(1e-4));
      assertThat(normalized.get(weight.name()))
          .as("normalised %s", weight.name())
          .containsExactly(expected(weight, true), within(1e-4));
    }
  }

  @Test
  void bfloat16_isNear() {
    Muon muon = Muon.of(0.95).withNormalizedKernels();
    Map<String, double[]> actual = run(muon.precision(Precision.BFLOAT16));
    Map<String, double[]> exact = run(muon);
    for (Weight weight : WEIGHTS) {
      // 8 bits of fraction, in steps whose lengths add up to 1.7 for the tall one.
      assertThat(actual.get(weight.name()))
          .as(weight.name())
          .containsExactly(expected(weight, true), within(0.1));
      assertThat(Arrays.equals(actual.get(weight.name()), exact.get(weight.name())))
          .as(weight.name())
          .isEqualTo(weight.shape().length != 4);
    }
  }

  /** The format of the training, unless one is set. */
  @Test
  void precision_isThatOfTheTraining() {
    Muon muon = Muon.of(0.95);
    assertSame(run(muon, Precision.BFLOAT16), run(muon.precision(Precision.BFLOAT16)));
    assertSame(run(muon.precision(Precision.FLOAT32), Precision.BFLOAT16), run(muon));
  }

  private static void assertSame(Map<String, double[]> actual, Map<String, double[]> expected) {
    for (Weight weight : WEIGHTS) {
      assertThat(actual.get(weight.name()))
          .as(weight.name())
          .containsExactly(Objects.requireNonNull(expected.get(weight.name())));
    }
  }

  /** The singular values of a step lie near 1, whatever those of the gradient are. */
  @Test
  void step_isNearlyOrthogonal() {
    for (Precision precision : List.of(Precision.FLOAT32, Precision.BFLOAT16)) {
      Map<String, double[]> after =
          OptimizerRun.of(
                  Muon.of(0.95).precision(precision),
                  List.of(),
                  WEIGHTS,
                  new double[] {1},
                  new double[] {0.95})
              .get(0);
      for (Weight weight : WEIGHTS.subList(0, 4)) {
        int out = (int) weight.shape()[3];
        double[] now = Objects.requireNonNull(after.get(weight.name()));
        double[] step = new double[now.length];
        Arrays.setAll(step, i -> weight.initial()[i] - now[i]);
        double scale = Math.sqrt(Math.max(1, out / ((double) step.length / out)));
        double[][] filters = matrix(step, out);
        double[] values = singularValues(out > filters[0].length ? transposed(filters) : filters);
        assertThat(values).hasSize(Math.min(out, filters[0].length));
        for (double value : values) {
          assertThat(value / scale).as("%s in %s", weight.name(), precision).isBetween(0.6, 1.3);
        }
      }
    }
  }

  /** By Jacobi's rotations of a a'. */
  private static double[] singularValues(double[][] a) {
    double[][] s = times(a, transposed(a));
    for (int sweep = 0; sweep < 30; sweep++) {
      for (int p = 0; p < s.length; p++) {
        for (int q = p + 1; q < s.length; q++) {
          double angle = 0.5 * Math.atan2(2 * s[p][q], s[q][q] - s[p][p]);
          double[][] turn = new double[s.length][s.length];
          for (int i = 0; i < s.length; i++) {
            turn[i][i] = 1;
          }
          turn[p][p] = Math.cos(angle);
          turn[q][q] = Math.cos(angle);
          turn[p][q] = Math.sin(angle);
          turn[q][p] = -Math.sin(angle);
          s = times(transposed(turn), times(s, turn));
        }
      }
    }
    double[] values = new double[s.length];
    for (int i = 0; i < s.length; i++) {
      values[i] = Math.sqrt(Math.max(0, s[i][i]));
    }
    return values;
  }

  @Test
  void options_outOfRange() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Muon.of(-0.1))
        .withMessage("momentum must be in [0, 1), got -0.1");
  }
}
