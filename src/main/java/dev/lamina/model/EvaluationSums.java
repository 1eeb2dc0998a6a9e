package dev.lamina.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/** What an evaluation counts while it goes over the images; the logits are not kept. */
final class EvaluationSums {
  /** How many mistakes are kept. */
  private static final int MISTAKES = 30;

  /** The most confident first; of equal ones the one that comes first in the set. */
  private static final Comparator<Mistake> ORDER =
      Comparator.comparingDouble(Mistake::probability).reversed().thenComparingInt(Mistake::index);

  private final long[][] confusion;
  private final long[] binCounts = new long[Calibration.BINS];
  private final long[] binRight = new long[Calibration.BINS];
  private final double[] binConfidence = new double[Calibration.BINS];
  private final PriorityQueue<Mistake> mistakes = new PriorityQueue<>(ORDER.reversed());
  private double loss;

  EvaluationSums(int classes) {
    confusion = new long[classes][classes];
  }

  /** Adds an image. */
  void add(int index, float[] logits, int label) {
    int predicted = Softmax.argMax(logits);
    double confidence = Math.exp(-Softmax.crossEntropy(logits, predicted));
    int bin = Calibration.bin(confidence);
    confusion[label][predicted]++;
    loss += Softmax.crossEntropy(logits, label);
    binCounts[bin]++;
    binConfidence[bin] += confidence;
    if (predicted == label) {
      binRight[bin]++;
    } else {
      mistakes.add(new Mistake(index, label, predicted, confidence));
      if (mistakes.size() > MISTAKES) {
        mistakes.remove();
      }
    }
  }

  Evaluation evaluation(List<String> classNames, Map<String, Double> metrics) {
    List<Calibration.Bin> bins = new ArrayList<>();
    for (int i = 0; i < Calibration.BINS; i++) {
      double count = binCounts[i];
      bins.add(new Calibration.Bin(binCounts[i], binConfidence[i] / count, binRight[i] / count));
    }
    return new Evaluation(
        loss,
        confusion,
        new Calibration(bins),
        mistakes.stream().sorted(ORDER).toList(),
        classNames,
        metrics);
  }
}
