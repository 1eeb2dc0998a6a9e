package dev.lamina.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.graph.Role;
import dev.lamina.optimizer.OptimizerRun.Weight;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** LARS against algorithm 1 of its paper, in double precision. */
class LarsTest {
  private static final double[] RATES = {2, 3, 0.5};
  private static final double[] MOMENTA = {0.9, 0.8, 0.9};
  private static final List<Weight> WEIGHTS =
      List.of(
          Weight.random("conv.weight", RATES.length, Role.KERNEL, 3, 1, 2, 5),
          Weight.random("conv.bias", RATES.length, Role.BIAS, 5),
          new Weight("zero.weight", Role.KERNEL, new long[] {2}, new double[2], new double[3][2]));

  private static double norm(double[] x) {
    return Math.sqrt(Arrays.stream(x).map(value -> value * value).sum());
  }

  private static double[] expected(Weight weight, double coefficient, double decay) {
    double[] w = weight.initial().clone();
    double[] v = new double[w.length];
    for (int t = 0; t < RATES.length; t++) {
      double[] g = weight.gradients()[t];
      double trust =
          weight.role() == Role.KERNEL && norm(w) > 0
              ? coefficient * norm(w) / (norm(g) + decay * norm(w))
              : 1;
      for (int i = 0; i < w.length; i++) {
        v[i] = MOMENTA[t] * v[i] + RATES[t] * trust * (g[i] + decay * w[i]);
        w[i] -= v[i];
      }
    }
    return w;
  }

  @Test
  void steps_areThoseOfThePaper() {
    for (double decay : new double[] {0, 0.2}) {
      Lars lars = Lars.of(0.9).trustCoefficient(0.05).weightDecay(decay);
      Map<String, double[]> actual =
          OptimizerRun.of(lars, List.of(), WEIGHTS, RATES, MOMENTA).get(RATES.length - 1);
      for (Weight weight : WEIGHTS) {
        assertThat(actual.get(weight.name()))
            .as(weight.name())
            .containsExactly(expected(weight, 0.05, decay), within(1e-5));
      }
    }
  }

  @Test
  void options_outOfRange() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Lars.of(1))
        .withMessage("momentum must be in [0, 1), got 1.0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Lars.of(0.9).trustCoefficient(0))
        .withMessage("trustCoefficient must be positive, got 0.0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Lars.of(0.9).trustCoefficient(Double.POSITIVE_INFINITY))
        .withMessage("trustCoefficient must be finite, got Infinity");
  }
}
