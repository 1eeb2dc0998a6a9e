package dev.lamina.model;

import java.util.List;
import java.util.Map;

/** Evaluations of logits that a test makes up. */
public final class Evaluations {
  private Evaluations() {}

  /** Returns the evaluation of images with these logits and classes. */
  public static Evaluation of(List<String> classNames, float[][] logits, int... labels) {
    EvaluationSums sums = new EvaluationSums(classNames.size());
    for (int i = 0; i < labels.length; i++) {
      sums.add(i, logits[i], labels[i]);
    }
    return sums.evaluation(classNames, Map.of());
  }

  /** Returns the evaluation of images that were predicted as these classes. */
  public static Evaluation ofPredictions(List<String> classNames, int[] labels, int[] predicted) {
    float[][] logits = new float[labels.length][classNames.size()];
    for (int i = 0; i < labels.length; i++) {
      logits[i][predicted[i]] = 1;
    }
    return of(classNames, logits, labels);
  }
}
