package dev.lamina.zoo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.Golden;
import dev.lamina.format.TorchLayout;
import dev.lamina.graph.Role;
import dev.lamina.graph.Variable;
import dev.lamina.model.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Every parameter of the flagship at width 64: name, shape, count, and the spread of its initial
 * values.
 */
class ParametersParityTest {
  @Test
  void parameters() throws IOException {
    List<String[]> rows =
        Files.readAllLines(Golden.file("parameters_width64.csv")).stream()
            .skip(1)
            .map(line -> line.split(",", -1))
            .toList();
    try (Model model = ResNetCifar.builder().build()) {
      List<Variable> trained =
          model.variables().stream().filter(v -> v.parameter().role().trainable()).toList();
      assertThat(trained).hasSize(rows.size() - 1);
      for (int i = 0; i < trained.size(); i++) {
        check(trained.get(i), rows.get(i));
      }
      assertThat(trained.stream().mapToLong(v -> v.parameter().size()).sum())
          .isEqualTo(Long.parseLong(rows.get(rows.size() - 1)[2]));
    }
  }

  private static void check(Variable variable, String[] row) {
    assertThat(variable.name()).isEqualTo(row[0]);
    assertThat(
            Arrays.stream(TorchLayout.shape(variable.parameter()))
                .mapToObj(Long::toString)
                .collect(Collectors.joining("x")))
        .as(row[0])
        .isEqualTo(row[1]);
    assertThat(variable.parameter().size()).isEqualTo(Long.parseLong(row[2]));
    float[] values = variable.initialValues(7);
    double[] doubles = IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
    switch (row[3]) {
      case "ones" -> assertThat(doubles).containsOnly(1);
      case "zeros" -> assertThat(doubles).containsOnly(0);
      default -> {
        double bound = Double.parseDouble(row[3].replaceAll("[^0-9.]", ""));
        // The file rounds the bound to six digits.
        assertThat(Arrays.stream(doubles).map(Math::abs).max().orElseThrow())
            .as(row[0])
            .isLessThanOrEqualTo(bound * (1 + 1e-4));
        // Five deviations of the mean square of a uniform distribution: 2 / (3 sqrt(5)) / sqrt(n)
        // of it.
        double meanSquare = Arrays.stream(doubles).map(x -> x * x).average().orElseThrow();
        assertThat(meanSquare / (bound * bound / 3))
            .as(row[0])
            .isBetween(
                1 - 5 * 0.9 / Math.sqrt(values.length), 1 + 5 * 0.9 / Math.sqrt(values.length));
        if (variable.parameter().role() == Role.KERNEL) {
          double mean = Arrays.stream(doubles).average().orElseThrow();
          assertThat(Math.abs(mean))
              .as(row[0])
              .isLessThan(5 * bound / Math.sqrt(3.0 * values.length));
        }
      }
    }
  }
}
