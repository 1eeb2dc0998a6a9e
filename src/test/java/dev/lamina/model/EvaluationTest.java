package dev.lamina.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.model.Evaluation.Average;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Scores and calibration against published examples and a slow computation. */
class EvaluationTest {
  private static final List<String> NAMES = List.of("a", "b", "c", "d", "e");

  /** Random images: class 3 has none, class 2 is never predicted, class 4 neither nor. */
  private final int[] labels = new int[400];

  private final double[][] probabilities = new double[400][5];
  private final int[] predicted = new int[400];
  private final Evaluation evaluation;

  EvaluationTest() {
    Random random = new Random(1);
    float[][] logits = new float[400][5];
    for (int i = 0; i < 400; i++) {
      labels[i] = random.nextInt(3);
      for (int k = 0; k < 5; k++) {
        logits[i][k] = (float) random.nextGaussian() * 2 - (k == 2 || k == 4 ? 30 : 0);
      }
      double sum = IntStream.range(0, 5).mapToDouble(k -> 0).sum();
      for (float logit : logits[i]) {
        sum += Math.exp(logit);
      }
      for (int k = 0; k < 5; k++) {
        probabilities[i][k] = Math.exp(logits[i][k]) / sum;
        predicted[i] = logits[i][k] > logits[i][predicted[i]] ? k : predicted[i];
      }
    }
    evaluation = Evaluations.of(NAMES, logits, labels);
  }

  private long count(int label, int prediction) {
    return IntStream.range(0, 400)
        .filter(i -> label < 0 || labels[i] == label)
        .filter(i -> prediction < 0 || predicted[i] == prediction)
        .count();
  }

  /** Returns a / b, and 0 if b is 0, as scikit-learn's zero_division does. */
  private static double ratio(double a, double b) {
    return b == 0 ? 0 : a / b;
  }

  @Test
  void scores_agreeWithCounting() {
    double[] macro = new double[3];
    double[] weighted = new double[3];
    for (int k = 0; k < 5; k++) {
      double precision = ratio((double) count(k, k), (double) count(-1, k));
      double recall = ratio((double) count(k, k), (double) count(k, -1));
      double[] expected = {precision, recall, ratio(2 * precision * recall, precision + recall)};
      ClassScores scores = evaluation.scores(k);
      assertThat(scores.support()).isEqualTo(count(k, -1));
      double[] actual = {scores.precision(), scores.recall(), scores.f1()};
      for (int m = 0; m < 3; m++) {
        assertThat(Double.isNaN(actual[m]) ? 0 : actual[m]).isCloseTo(expected[m], within(1e-12));
        // scikit-learn averages over the classes that occur; the last one does not.
        macro[m] += expected[m] / 4;
        weighted[m] += expected[m] * count(k, -1) / 400;
      }
    }
    assertThat(evaluation.scores(2).precision()).isNaN();
    assertThat(evaluation.scores(2).f1()).isZero();
    assertThat(evaluation.scores(3).recall()).isNaN();
    assertThat(evaluation.scores(4).f1()).isNaN();
    double accuracy =
        IntStream.range(0, 400).filter(i -> labels[i] == predicted[i]).count() / 400.0;
    assertAverage(Average.MACRO, macro);
    assertAverage(Average.WEIGHTED, weighted);
    assertAverage(Average.MICRO, accuracy, accuracy, accuracy);
  }

  private void assertAverage(Average average, double... expected) {
    ClassScores scores = evaluation.average(average);
    assertThat(scores.precision()).isCloseTo(expected[0], within(1e-12));
    assertThat(scores.recall()).isCloseTo(expected[1], within(1e-12));
    assertThat(scores.f1()).isCloseTo(expected[2], within(1e-12));
    assertThat(scores.support()).isEqualTo(400);
  }

  /** The example in the documentation of scikit-learn's classification_report. */
  @Test
  void scores_ofScikitLearnsExample() {
    Evaluation example =
        Evaluations.ofPredictions(
            List.of("class 0", "class 1", "class 2"),
            new int[] {0, 1, 2, 2, 2},
            new int[] {0, 0, 2, 2, 1});
    assertThat(rounded(example.scores(0))).containsExactly(50, 100, 67, 1);
    assertThat(rounded(example.scores(1))).containsExactly(0, 0, 0, 1);
    assertThat(rounded(example.scores(2))).containsExactly(100, 67, 80, 3);
    assertThat(rounded(example.average(Average.MACRO))).containsExactly(50, 56, 49, 5);
    assertThat(rounded(example.average(Average.WEIGHTED))).containsExactly(70, 60, 61, 5);
  }

  private static long[] rounded(ClassScores scores) {
    return new long[] {
      Math.round(100 * scores.precision()),
      Math.round(100 * scores.recall()),
      Math.round(100 * scores.f1()),
      scores.support()
    };
  }

  @Test
  void calibration_agreesWithTheDefinition() {
    double error = 0;
    for (int m = 1; m <= 15; m++) {
      double count = 0;
      double confidence = 0;
      double right = 0;
      for (int i = 0; i < 400; i++) {
        double p = probabilities[i][predicted[i]];
        if (p > (m - 1) / 15.0 && p <= m / 15.0) {
          count++;
          confidence += p;
          right += predicted[i] == labels[i] ? 1 : 0;
        }
      }
      Calibration.Bin bin = evaluation.calibration().bins().get(m - 1);
      assertThat((double) bin.count()).isEqualTo(count);
      if (count > 0) {
        assertThat(bin.confidence()).isCloseTo(confidence / count, within(1e-9));
        assertThat(bin.accuracy()).isCloseTo(right / count, within(1e-12));
        error += count / 400 * Math.abs(right / count - confidence / count);
      }
    }
    assertThat(error).isGreaterThan(0.1);
    assertThat(evaluation.calibration().expectedError()).isCloseTo(error, within(1e-9));
  }

  @Test
  void calibration_ofCertainty_isInTheLastBin() {
    Evaluation certain =
        Evaluations.of(List.of("a", "b"), new float[][] {{1000, 0}, {0, 1000}}, 0, 0);
    Calibration.Bin last = certain.calibration().bins().get(14);
    assertThat(last).isEqualTo(new Calibration.Bin(2, 1, 0.5));
    assertThat(certain.calibration().expectedError()).isEqualTo(0.5);
  }

  @Test
  void mistakes_areTheMostConfident() {
    List<Mistake> all = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      if (predicted[i] != labels[i]) {
        all.add(new Mistake(i, labels[i], predicted[i], probabilities[i][predicted[i]]));
      }
    }
    all.sort(Comparator.comparingDouble(Mistake::probability).reversed());
    assertThat(all).hasSizeGreaterThan(100);
    assertThat(evaluation.mistakes())
        .usingRecursiveFieldByFieldElementComparator(
            org.assertj.core.api.recursive.comparison.RecursiveComparisonConfiguration.builder()
                .withComparatorForType(
                    (a, b) -> Math.abs(a - b) < 1e-9 ? 0 : Double.compare(a, b), Double.class)
                .build())
        .isEqualTo(all.subList(0, 30));
  }

  @Test
  void table_countsInColumnsOfTheTerminal() {
    Evaluation pets =
        Evaluations.ofPredictions(
            List.of("cat", "金魚"), new int[] {0, 0, 1, 1, 1}, new int[] {0, 1, 1, 0, 1});
    assertThat(pets.table().lines())
        .containsExactly("         0    1", "cat      1    1", "金魚     1    2");
    assertThat(pets.toString()).startsWith("accuracy 0.6000, loss 0.");
  }
}
