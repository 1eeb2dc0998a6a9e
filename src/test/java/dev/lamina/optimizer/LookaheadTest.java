package dev.lamina.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.graph.Role;
import dev.lamina.optimizer.OptimizerRun.Weight;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Lookahead against algorithm 1 of its paper, in double precision. */
class LookaheadTest {
  private static final double[] RATES = {0.1, 0.3, 0.05, 0.2, 0.1, 0.3, 0.2};
  private static final double[] MOMENTA = {0.9, 0.8, 0.9, 0.5, 0.9, 0.9, 0.7};
  private static final double DECAY = 0.1;
  private static final List<Weight> WEIGHTS =
      List.of(
          Weight.random("conv.weight", RATES.length, Role.KERNEL, 3, 1, 2, 5),
          Weight.random("conv.bias", RATES.length, Role.BIAS, 5));

  /** The inner optimizer is momentum with decoupled decay; its velocity is kept. */
  private static double[][] expected(Weight weight, int steps, double alpha) {
    double[][] after = new double[RATES.length][];
    double[] w = weight.initial().clone();
    double[] slow = w.clone();
    double[] v = new double[w.length];
    for (int t = 0; t < RATES.length; t++) {
      for (int i = 0; i < w.length; i++) {
        w[i] -= RATES[t] * DECAY * w[i];
        v[i] = MOMENTA[t] * v[i] + weight.gradients()[t][i];
        w[i] -= RATES[t] * v[i];
        if ((t + 1) % steps == 0) {
          slow[i] += alpha * (w[i] - slow[i]);
          w[i] = slow[i];
        }
      }
      after[t] = w.clone();
    }
    return after;
  }

  @Test
  void steps_areThoseOfThePaper() {
    Lookahead lookahead =
        Lookahead.of(MomentumOptimizer.of(0.9).weightDecay(DECAY).withDecoupledDecay());
    check(lookahead.steps(3).alpha(0.8), 3, 0.8);
    check(lookahead, 5, 0.5);
    assertThat(lookahead.momentum()).isEqualTo(0.9);
  }

  private static void check(Lookahead lookahead, int steps, double alpha) {
    List<Map<String, double[]>> actual =
        OptimizerRun.of(lookahead, List.of(), WEIGHTS, RATES, MOMENTA);
    for (Weight weight : WEIGHTS) {
      double[][] expected = expected(weight, steps, alpha);
      for (int t = 0; t < RATES.length; t++) {
        assertThat(actual.get(t).get(weight.name()))
            .as("%s after %s", weight.name(), t + 1)
            .containsExactly(expected[t], within(1e-5));
      }
    }
  }

  @Test
  void options_outOfRange() {
    Lookahead lookahead = Lookahead.of(Sgd.create());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> lookahead.steps(0))
        .withMessage("steps must be positive, got 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> lookahead.alpha(0))
        .withMessage("alpha must be in (0, 1], got 0.0");
  }
}
