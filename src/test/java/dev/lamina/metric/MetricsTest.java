package dev.lamina.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.train.Trainer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;

/** Metrics against plain Java. */
class MetricsTest {
  private static final float NAN = Float.NaN;

  private static float[] run(Metric metric, float[][] outputs, float[][] targets) {
    try (Graph graph = new Graph();
        Session session = new Session(graph);
        TFloat32 outputsTensor = TFloat32.tensorOf(StdArrays.ndCopyOf(outputs));
        TFloat32 targetsTensor = TFloat32.tensorOf(StdArrays.ndCopyOf(targets))) {
      Ops tf = Ops.create(graph);
      Placeholder.Options shape = Placeholder.shape(Shape.of(-1, outputs[0].length));
      Placeholder<TFloat32> x = tf.placeholder(TFloat32.class, shape);
      Placeholder<TFloat32> t = tf.placeholder(TFloat32.class, shape);
      try (Result result =
          session
              .runner()
              .feed(x, outputsTensor)
              .feed(t, targetsTensor)
              .fetch(metric.apply(tf, x, t))
              .run()) {
        float[] values = new float[outputs.length];
        StdArrays.copyFrom((TFloat32) result.get(0), values);
        return values;
      }
    }
  }

  /** Few different values, so that there are many ties. */
  private static float[][] coarse(int n, int classes, long seed) {
    Random random = new Random(seed);
    float[][] rows = new float[n][classes];
    for (float[] row : rows) {
      for (int k = 0; k < classes; k++) {
        row[k] = random.nextInt(-2, 3);
      }
    }
    return rows;
  }

  private static int first(float[] row) {
    int best = 0;
    for (int k = 1; k < row.length; k++) {
      if (row[k] > row[best]) {
        best = k;
      }
    }
    return best;
  }

  private record Named(String name) implements Metric {
    @Override
    public Operand<TFloat32> apply(Ops tf, Operand<TFloat32> outputs, Operand<TFloat32> targets) {
      return tf.reduceMax(outputs, tf.constant(1));
    }
  }

  /** Histories have one column for each name. */
  @Test
  void names_differ() {
    Metric.checkNames(List.of(new Named("a"), new Named("b"), new Named("a"), Accuracy.create()));
    for (Metric second : List.of(new Named("accuracy"), new Named("loss"), TopK.of(3))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Trainer.builder().metrics(new Named("top_3_accuracy"), second))
          .withMessage(
              "metrics must have names that differ from each other, loss and accuracy, got \""
                  + second.name()
                  + "\" again; rename one");
    }
    for (String name : List.of("", "a,b", "a b", "a\n", "\"", "a/b")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Metric.checkNames(List.of(new Named(name))))
          .withMessage(
              "name of a metric must have no space, comma, quote or slash, got \"%s\"; use underscores"
                  .formatted(name));
    }
    for (String name : List.of("steps", "epoch", "seconds", "val_f1", "test_accuracy")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Metric.checkNames(List.of(new Named(name))))
          .withMessage(
              "name of a metric must not be that of another number of an epoch, got \"%s\"; rename it"
                  .formatted(name));
    }
  }

  @ParameterizedTest
  @CsvSource({"200, 4", "1, 2", "33, 11"})
  void accuracy_equalsPlainJava_tiesIncluded(int n, int classes) {
    float[][] outputs = coarse(n, classes, 1);
    float[][] targets = coarse(n, classes, 2);
    float[] expected = new float[n];
    for (int i = 0; i < n; i++) {
      expected[i] = first(outputs[i]) == first(targets[i]) ? 1 : 0;
    }
    assertThat(run(Accuracy.create(), outputs, targets)).containsExactly(expected);
  }

  @ParameterizedTest
  @CsvSource({"200, 6, 1", "200, 6, 3", "200, 6, 6", "1, 2, 1", "33, 11, 5"})
  void topK_equalsPlainJava_tiesIncluded(int n, int classes, int k) {
    float[][] outputs = coarse(n, classes, 1);
    float[][] targets = coarse(n, classes, 2);
    float[] expected = new float[n];
    for (int i = 0; i < n; i++) {
      float own = outputs[i][first(targets[i])];
      float[] sorted = outputs[i].clone();
      Arrays.sort(sorted);
      expected[i] = own >= sorted[classes - k] ? 1 : 0;
    }
    assertThat(run(TopK.of(k), outputs, targets)).containsExactly(expected);
  }

  @Test
  void ties_byHand() {
    float[][] outputs = {{1, 3, 3, 0}, {1, 3, 3, 0}, {3, 3, 1, 0}, {3, 3, 3, 0}};
    float[][] targets = {{0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 1, 0}, {0, 0, 1, 0}};
    // Of equal outputs the first is predicted; all of them are among the largest.
    assertThat(run(Accuracy.create(), outputs, targets)).containsExactly(1, 0, 0, 0);
    assertThat(run(TopK.of(1), outputs, targets)).containsExactly(1, 1, 0, 1);
    assertThat(run(TopK.of(3), outputs, targets)).containsExactly(1, 1, 1, 1);
    // Of equal targets, as MixUp makes them, the first counts.
    float[][] halves = {{0, 0.5f, 0.5f, 0}, {0.5f, 0, 0.5f, 0}, {0.5f, 0, 0.5f, 0}, {0, 0, 0, 1}};
    assertThat(run(Accuracy.create(), outputs, halves)).containsExactly(1, 0, 1, 0);
    assertThat(run(TopK.of(2), outputs, halves)).containsExactly(1, 0, 1, 0);
  }

  @Test
  void topK_ofOutputsThatAreNotFinite_isZero() {
    float[][] outputs = {{NAN, 3, 1}, {2, NAN, 1}, {Float.POSITIVE_INFINITY, 2, 1}};
    float[][] targets = {{1, 0, 0}, {1, 0, 0}, {0, 1, 0}};
    assertThat(run(TopK.of(2), outputs, targets)).containsExactly(0, 0, 0);
  }

  @Test
  void names() {
    assertThat(Accuracy.create().name()).isEqualTo("accuracy");
    assertThat(TopK.of(5).name()).isEqualTo("top_5_accuracy");
  }

  @Test
  void topK_refusesBadValues() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TopK.of(0))
        .withMessage("k must be at least 1, got 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> run(TopK.of(4), new float[1][3], new float[1][3]))
        .withMessage("k must be at most the number of classes, 3, got 4");
  }
}
