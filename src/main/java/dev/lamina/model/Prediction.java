package dev.lamina.model;

import com.google.common.primitives.ImmutableDoubleArray;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * What a model says of one image.
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

  /** The most probable class. */
  public Candidate best() {
    return top(1).get(0);
  }

  /**
   * The most probable classes, the best first; all of them where there are fewer than asked for.
   */
  public List<Candidate> top(int count) {
    return IntStream.range(0, probabilities.length())
        .mapToObj(i -> new Candidate(i, classNames.get(i), probabilities.get(i)))
        .sorted(Comparator.comparingDouble(Candidate::probability).reversed())
        .limit(count)
        .toList();
  }
}
