package dev.lamina.schedule;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.common.base.Splitter;
import dev.lamina.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Every row of {@code onecycle.csv}, computed with PyTorch's {@code OneCycleLR}. */
class OneCycleParityTest {

  private static final double RELATIVE = 1e-9;
  private static final Splitter COMMA = Splitter.on(',');

  @Test
  void equalsPyTorch() throws IOException {
    List<String> lines = Files.readAllLines(Golden.file("onecycle.csv"));
    List<String> columns = COMMA.splitToList(lines.get(0));
    assertThat(lines).hasSizeGreaterThan(1);

    // The optimizer's own momentum is not a column: if it is not cycled, it is that of the config's
    // first row.
    Map<String, Double> ownMomentum = new HashMap<>();
    for (String line : lines.subList(1, lines.size())) {
      List<String> cells = COMMA.splitToList(line);
      Map<String, String> row = new HashMap<>();
      for (int i = 0; i < columns.size(); i++) {
        row.put(columns.get(i), cells.get(i));
      }
      OneCycle schedule = schedule(row);
      long step = Long.parseLong(cell(row, "step"));
      long steps = Long.parseLong(cell(row, "total_steps"));
      double rate = number(row, "lr");
      double momentum = number(row, "momentum");
      OptionalDouble scheduled = schedule.momentum(step, steps);

      assertThat(schedule.learningRate(step, steps)).as(line).isCloseTo(rate, relative(rate));
      assertThat(scheduled.isPresent()).as(line).isEqualTo(flag(row, "cycle_momentum"));
      double own = ownMomentum.computeIfAbsent(cell(row, "config"), config -> momentum);
      assertThat(scheduled.orElse(own)).as(line).isCloseTo(momentum, relative(momentum));
    }
  }

  private static OneCycle schedule(Map<String, String> row) {
    return OneCycle.of(number(row, "max_lr"))
        .pctStart(number(row, "pct_start"))
        .divFactor(number(row, "div_factor"))
        .finalDivFactor(number(row, "final_div_factor"))
        .anneal(
            switch (cell(row, "anneal")) {
              case "cos" -> Anneal.COSINE;
              case "linear" -> Anneal.LINEAR;
              default -> throw new IllegalArgumentException(cell(row, "anneal"));
            })
        .threePhase(flag(row, "three_phase"))
        .cycleMomentum(flag(row, "cycle_momentum"))
        .momentumRange(number(row, "base_momentum"), number(row, "max_momentum"));
  }

  private static String cell(Map<String, String> row, String column) {
    return requireNonNull(row.get(column), column);
  }

  private static double number(Map<String, String> row, String column) {
    return Double.parseDouble(cell(row, column));
  }

  private static boolean flag(Map<String, String> row, String column) {
    return cell(row, column).equals("True");
  }

  private static Offset<Double> relative(double value) {
    return within(RELATIVE * Math.abs(value));
  }
}
