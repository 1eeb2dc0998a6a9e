package dev.lamina.model;

import com.google.common.primitives.ImmutableDoubleArray;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * The class probabilities that a model computes for one image.
 *
 * @param probabilities one for each class; they sum to 1
 * @param classNames the names of the classes
 */
public record Prediction(ImmutableDoubleArray probabilities, List<String> classNames) {
  /** One class and its probability. */
  public record Candidate(int classId, String label, double probability) {
    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%s %.4f", label, probability);
    }
  }

  static List<Prediction> of(float[][] logits, List<String> classNames) {
    List<Prediction> predictions = new ArrayList<>();
    for (float[] row : logits) {
      predictions.add(new Prediction(ImmutableDoubleArray.copyOf(Softmax.of(row)), classNames));
    }
    return predictions;
  }

  /** Returns the most probable class. */
  public Candidate best() {
    return top(1).get(0);
  }

  /** Returns the most probable classes, the best first; all of them if {@code count} is more. */
  public List<Candidate> top(int count) {
    return IntStream.range(0, probabilities.length())
        .mapToObj(i -> new Candidate(i, classNames.get(i), probabilities.get(i)))
        .sorted(Comparator.comparingDouble(Candidate::probability).reversed())
        .limit(count)
        .toList();
  }
}
