package dev.lamina.cli;

import dev.lamina.io.DisplayWidth;
import dev.lamina.model.ClassScores;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Evaluation.Average;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * The scores of each class as text: a row for each class, and one for each average.
 *
 * @param evaluation the evaluation
 * @param columns the width to keep to, at least 40
 */
record EvaluationTable(Evaluation evaluation, int columns) {
  /** If there are more classes, only the worst are shown. */
  static final int ROWS = 20;

  private static final int NUMBER = 7;
  private static final int WIDE_PRECISION = 10;

  /** Below this width the columns are narrow. */
  private static final int WIDE = 60;

  private static final String WEIGHTED_AVERAGE = "weighted avg";

  /**
   * Returns the table.
   *
   * @param all whether to show all classes; otherwise the {@value #ROWS} with the lowest F1
   */
  String text(boolean all) {
    List<String> names = evaluation.classNames();
    List<Integer> rows = all || names.size() <= ROWS ? every() : worst();
    int longest = rows.stream().mapToInt(i -> DisplayWidth.of(names.get(i))).max().orElseThrow();
    int name =
        Math.min(
            Math.max(longest, WEIGHTED_AVERAGE.length()), columns - 3 * NUMBER - precisionWidth());
    StringBuilder text = new StringBuilder();
    header(text, name);
    rows.forEach(i -> row(text, name, names.get(i), evaluation.scores(i)));
    if (rows.size() < names.size()) {
      text.append(
          "the %s classes with the lowest F1 of %s;\n--all-classes shows all\n"
              .formatted(rows.size(), names.size()));
    }
    row(text, name, "macro avg", evaluation.average(Average.MACRO));
    row(text, name, "micro avg", evaluation.average(Average.MICRO));
    row(text, name, WEIGHTED_AVERAGE, evaluation.average(Average.WEIGHTED));
    return text.toString();
  }

  private int precisionWidth() {
    return columns < WIDE ? NUMBER : WIDE_PRECISION;
  }

  private List<Integer> every() {
    return IntStream.range(0, evaluation.classNames().size()).boxed().toList();
  }

  /** Returns the classes with the lowest F1, the lowest first; those without images come last. */
  private List<Integer> worst() {
    return every().stream()
        .sorted(
            Comparator.comparing((Integer i) -> evaluation.scores(i).support() == 0)
                .thenComparing(i -> evaluation.scores(i).f1()))
        .limit(ROWS)
        .toList();
  }

  private void header(StringBuilder text, int name) {
    String precision = columns < WIDE ? "prec." : "precision";
    text.append(
        String.format(
            Locale.ROOT,
            "%s%7s%" + precisionWidth() + "s%7s%7s%n",
            DisplayWidth.fit("class", name),
            "images",
            precision,
            "recall",
            "F1"));
  }

  private void row(StringBuilder text, int name, String label, ClassScores scores) {
    text.append(
        String.format(
            Locale.ROOT,
            "%s%7d%" + precisionWidth() + "s%7s%7s%n",
            DisplayWidth.fit(label, name),
            scores.support(),
            Comparison.decimals(scores.precision()),
            Comparison.decimals(scores.recall()),
            Comparison.decimals(scores.f1())));
  }
}
