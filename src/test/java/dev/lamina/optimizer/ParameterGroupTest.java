package dev.lamina.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.graph.Role;
import dev.lamina.optimizer.OptimizerRun.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Groups against gradient descent with a list of groups as in PyTorch, in double precision. */
class ParameterGroupTest {
  private static final double[] RATES = {0.1, 0.3, 0.05, 0.2};
  private static final double[] MOMENTA = {0.95, 0.85, 0.9, 0.7};
  private static final double DECAY = 0.2;
  private static final List<Weight> WEIGHTS =
      List.of(
          weight("conv1.weight", Role.KERNEL, 3, 1, 2, 3),
          weight("norm1.weight", Role.NORM, 3),
          weight("norm1.bias", Role.NORM, 3),
          weight("top.weight", Role.KERNEL, 3, 5),
          weight("top.bias", Role.BIAS, 5),
          weight("top2.weight", Role.KERNEL, 5, 1));

  /** What one parameter is trained with; -1 for the momentum of the schedule. */
  private record Values(double rate, double decay, double momentum) {}

  private static final Values USUAL = new Values(1, DECAY, -1);

  private static Weight weight(String name, Role role, long... shape) {
    return Weight.random(name, RATES.length, role, shape);
  }

  /** v = m v + g + d w; w = w - r (g + d w + m v), as PyTorch's SGD with Nesterov. */
  private static double[] expected(Weight weight, Values values, boolean decoupled) {
    double[] w = weight.initial().clone();
    double[] v = new double[w.length];
    for (int t = 0; t < RATES.length; t++) {
      double rate = RATES[t] * values.rate;
      double momentum = values.momentum < 0 ? MOMENTA[t] : values.momentum;
      for (int i = 0; i < w.length; i++) {
        double g = weight.gradients()[t][i];
        if (decoupled) {
          w[i] -= rate * values.decay * w[i];
        } else {
          g += values.decay * w[i];
        }
        v[i] = momentum * v[i] + g;
        w[i] -= rate * (g + momentum * v[i]);
      }
    }
    return w;
  }

  private static void check(
      GradientTransform transform, List<ParameterGroup> groups, Values... expected) {
    Map<String, double[]> actual = run(transform, groups);
    for (int i = 0; i < expected.length; i++) {
      Weight weight = WEIGHTS.get(i);
      assertThat(actual.get(weight.name()))
          .as(weight.name())
          .containsExactly(expected(weight, expected[i], transform.decoupled()), within(2e-5));
    }
  }

  private static Map<String, double[]> run(
      GradientTransform transform, List<ParameterGroup> groups) {
    MomentumOptimizer optimizer = new MomentumOptimizer(0.9, true, transform);
    return OptimizerRun.of(optimizer, groups, WEIGHTS, RATES, MOMENTA).get(RATES.length - 1);
  }

  @Test
  void withoutGroups_everyParameterHasTheOptimizersValues() {
    GradientTransform decay = GradientTransform.NONE.weightDecay(DECAY);
    check(decay, List.of(), USUAL, USUAL, USUAL, USUAL, USUAL, USUAL);
    check(
        decay.forKernelsOnly(),
        List.of(),
        USUAL,
        new Values(1, 0, -1),
        new Values(1, 0, -1),
        USUAL,
        new Values(1, 0, -1),
        USUAL);
    assertThat(run(decay, List.of(ParameterGroup.matching())).get("top.bias"))
        .isEqualTo(run(decay, List.of()).get("top.bias"));
  }

  /** Biases of batch norms x64 without decay, no decay of their scales; a head x10. */
  @Test
  void groups_haveRateDecayAndMomentumOfTheirOwn() {
    check(
        GradientTransform.NONE.weightDecay(DECAY),
        List.of(
            ParameterGroup.matching().roles(Role.NORM).names("bias").rate(64).weightDecay(0),
            ParameterGroup.matching().roles(Role.NORM).weightDecay(0),
            ParameterGroup.matching("top").rate(10).momentum(0.5)),
        USUAL,
        new Values(1, 0, -1),
        new Values(64, 0, -1),
        new Values(10, DECAY, 0.5),
        new Values(10, DECAY, 0.5),
        USUAL);
  }

  @Test
  void decay_isOfTheOptimizersKind_andHoldsForBiasesToo() {
    check(
        GradientTransform.NONE.weightDecay(DECAY).withDecoupledDecay().forKernelsOnly(),
        List.of(
            ParameterGroup.matching("top", "conv1").names("weight").rate(3).weightDecay(0.05),
            ParameterGroup.matching("top").weightDecay(0.1)),
        new Values(3, 0.05, -1),
        new Values(1, 0, -1),
        new Values(1, 0, -1),
        new Values(3, 0.05, -1),
        new Values(1, 0.1, -1),
        USUAL);
  }

  /** The first group that matches counts, and a rate of 0 leaves a weight as it is. */
  @Test
  void firstMatch_wins() {
    List<ParameterGroup> groups =
        new ArrayList<>(
            List.of(
                ParameterGroup.matching("top.bias").rate(0), ParameterGroup.matching().rate(2)));
    GradientTransform none = GradientTransform.NONE;
    double[] initial = WEIGHTS.get(4).initial();
    double[] kept = Objects.requireNonNull(run(none, groups).get("top.bias"));
    assertThat(kept).containsExactly(initial, within(1e-7));
    groups.add(0, groups.remove(1));
    check(
        none,
        groups,
        new Values(2, 0, -1),
        new Values(2, 0, -1),
        new Values(2, 0, -1),
        new Values(2, 0, -1),
        new Values(2, 0, -1),
        new Values(2, 0, -1));
  }

  @Test
  void values_outOfRange() {
    ParameterGroup group = ParameterGroup.matching("top");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> group.rate(-1))
        .withMessage("rate must be finite and not negative, got -1.0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> group.weightDecay(-1))
        .withMessage("weightDecay must be finite and not negative, got -1.0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> group.momentum(1))
        .withMessage("momentum must be in [0, 1), got 1.0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> group.roles(Role.STATISTIC))
        .withMessage("roles must be those of trained parameters, got STATISTIC");
  }
}
