package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.io.DisplayWidth;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Evaluations;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EvaluationTableTest {
  private static final Evaluation PETS =
      Evaluations.ofPredictions(
          List.of("cat", "金魚", "a dog of a very long name", "none"),
          new int[] {0, 0, 1, 2},
          new int[] {0, 1, 1, 0});

  @Test
  void text_at40Columns() {
    assertThat(new EvaluationTable(PETS, 40).text(false).lines())
        .containsExactly(
            "class        images  prec. recall     F1",
            "cat               2 0.5000 0.5000 0.5000",
            "金魚              1 0.5000 1.0000 0.6667",
            "a dog of a …      1      - 0.0000 0.0000",
            "none              0      -      -      -",
            "macro avg         4 0.3333 0.5000 0.3889",
            "micro avg         4 0.5000 0.5000 0.5000",
            "weighted avg      4 0.3750 0.5000 0.4167");
  }

  @ParameterizedTest
  @ValueSource(ints = {40, 80})
  void text_keepsToTheWidth(int columns) {
    assertThat(new EvaluationTable(PETS, columns).text(true).lines())
        .hasSize(8)
        .allSatisfy(line -> assertThat(DisplayWidth.of(line)).isLessThanOrEqualTo(columns));
  }

  @Test
  void text_ofManyClasses_showsTheWorst() {
    List<String> names = IntStream.range(0, 30).mapToObj(i -> "class" + i).toList();
    int[] labels = new int[60];
    int[] predicted = new int[60];
    for (int i = 0; i < 60; i++) {
      labels[i] = i % 30;
      // Half of the images of the classes from 25 on are wrong.
      predicted[i] = labels[i] >= 25 && i < 30 ? 0 : labels[i];
    }
    EvaluationTable table =
        new EvaluationTable(Evaluations.ofPredictions(names, labels, predicted), 80);
    List<String> lines = new ArrayList<>(table.text(false).lines().toList());
    assertThat(lines).hasSize(1 + 20 + 2 + 3);
    assertThat(lines.subList(21, 23))
        .containsExactly("the 20 classes with the lowest F1 of 30;", "--all-classes shows all");
    // Class 0 is predicted seven times and has two images: 4 / 9; the other five have 2 / 3.
    assertThat(lines.get(1)).startsWith("class0 ").endsWith(" 0.4444");
    assertThat(lines.get(6)).startsWith("class29 ").endsWith(" 0.6667");
    assertThat(table.text(true).lines()).hasSize(1 + 30 + 3);
  }

  @Test
  void terminalWidth_isOfTheEnvironment() {
    assertThat(TerminalWidth.columns(Map.of("COLUMNS", "40"))).isEqualTo(40);
    assertThat(TerminalWidth.columns(Map.of("COLUMNS", "-1"))).isPositive();
  }
}
