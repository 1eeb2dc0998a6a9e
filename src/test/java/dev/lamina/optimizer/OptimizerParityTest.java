package dev.lamina.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.io.Resources;
import dev.lamina.graph.Role;
import dev.lamina.optimizer.OptimizerRun.Weight;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** PyTorch's optimizers with groups of parameters, whose results tools/golden wrote down. */
class OptimizerParityTest {
  private static final Map<String, long[]> SHAPES =
      Map.of(
          "conv.weight", new long[] {1, 1, 3, 5},
          "norm.weight", new long[] {5},
          "norm.bias", new long[] {5},
          "top.weight", new long[] {1, 1, 5, 4});

  private static final List<ParameterGroup> GROUPS =
      List.of(
          ParameterGroup.matching().roles(Role.NORM).names("bias").rate(64).weightDecay(0),
          ParameterGroup.matching("norm").weightDecay(0),
          ParameterGroup.matching("top").rate(10));

  @Test
  void sgd() throws IOException {
    MomentumOptimizer sgd = MomentumOptimizer.of(0.9).withNesterov().weightDecay(0.05);
    check("sgd", sgd, GROUPS, 2e-5);
  }

  @Test
  void adamw() throws IOException {
    check("adamw", Adam.create().weightDecay(0.05).withDecoupledDecay(), GROUPS, 2e-5);
  }

  /** PyTorch iterates in bfloat16. */
  @Test
  void muon() throws IOException {
    check("muon", Muon.of(0.95).weightDecay(0.05).withDecoupledDecay(), List.of(), 0.05);
  }

  private static void check(
      String name, Optimizer optimizer, List<ParameterGroup> groups, double precision)
      throws IOException {
    byte[] json = Resources.toByteArray(Resources.getResource("golden-optimizers/optimizers.json"));
    JsonNode golden = new ObjectMapper().readTree(json);
    double[] rates = doubles(golden.path("rates"));
    double[] momenta = new double[rates.length];
    Arrays.fill(momenta, optimizer.momentum());
    JsonNode cases = golden.path(name);
    List<Weight> weights = new ArrayList<>();
    cases.properties().forEach(entry -> weights.add(weight(entry.getKey(), entry.getValue())));
    Map<String, double[]> end =
        OptimizerRun.of(optimizer, groups, weights, rates, momenta).get(rates.length - 1);
    assertThat(end).hasSizeGreaterThan(1);
    end.forEach(
        (weight, values) -> {
          double[] expected = doubles(cases.path(weight).path("final"));
          double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
          assertThat(values)
              .as(weight)
              .containsExactly(expected, within(precision * Math.max(1, largest)));
        });
  }

  private static Weight weight(String name, JsonNode node) {
    double[][] gradients =
        StreamSupport.stream(node.path("gradients").spliterator(), false)
            .map(OptimizerParityTest::doubles)
            .toArray(double[][]::new);
    long[] shape = SHAPES.getOrDefault(name, new long[0]);
    Role role = name.startsWith("norm") ? Role.NORM : Role.KERNEL;
    return new Weight(name, role, shape, doubles(node.path("initial")), gradients);
  }

  private static double[] doubles(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false)
        .mapToDouble(JsonNode::doubleValue)
        .toArray();
  }
}
