package dev.lamina.io;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DisplayWidthTest {
  /** Widths by Unicode's EastAsianWidth.txt; the fourth letter e has its accent apart. */
  @ParameterizedTest
  @CsvSource({"cat, 3", "金魚, 4", "개, 2", "ｶﾅ, 2", "cafe\u0301, 4", "🐶, 2", "собака, 6", "'', 0"})
  void of_countsColumns(String text, int columns) {
    assertThat(DisplayWidth.of(text)).isEqualTo(columns);
  }

  @ParameterizedTest
  @CsvSource({
    "cat, 5, 'cat  '",
    "金魚, 5, '金魚 '",
    "goldfish, 5, gold…",
    "金魚鉢, 5, 金魚…",
    "金魚鉢, 4, '金… '",
    "'a\u001b[31m', 9, 'a?[31m   '"
  })
  void fit_fillsOrCuts(String text, int columns, String expected) {
    assertThat(DisplayWidth.fit(text, columns)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "one two three, ' ', 13, 0, one two three",
    "one two three, ' ', 12, 0, one two/three",
    "one two three, ' ', 7, 2, one two/  three",
    "one two three, ' ', 6, 2, one/  two/  three",
    "'  one  two', ' ', 5, 2, '  one/  two'",
    "aa 1  bb 2  cc 3, '  ', 10, 2, aa 1  bb 2/  cc 3",
    "aa 1  bb 2  cc 3, '  ', 9, 2, aa 1/  bb 2/  cc 3",
    "longword b, ' ', 4, 1, longword/ b",
    "金魚 金魚鉢, ' ', 9, 0, 金魚/金魚鉢",
    "' ', ' ', 1, 0, ' '"
  })
  void wrap_breaksAtSeparators(
      String line, String separator, int columns, int indent, String lines) {
    assertThat(DisplayWidth.wrap(line, separator, columns, indent))
        .isEqualTo(lines.replace('/', '\n'));
  }
}
