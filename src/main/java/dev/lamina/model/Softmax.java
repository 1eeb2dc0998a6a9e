package dev.lamina.model;

/** The softmax of a row of logits and what follows from it, in double precision. */
final class Softmax {
  private Softmax() {}

  static double[] of(float[] logits) {
    double logSum = logSumExp(logits);
    double[] probabilities = new double[logits.length];
    for (int i = 0; i < logits.length; i++) {
      probabilities[i] = Math.exp(logits[i] - logSum);
    }
    return probabilities;
  }

  static double crossEntropy(float[] logits, int label) {
    return logSumExp(logits) - logits[label];
  }

  /** Returns the index of the largest logit, the first one if there are several. */
  static int argMax(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }

  private static double logSumExp(float[] logits) {
    double largest = logits[argMax(logits)];
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - largest);
    }
    return largest + Math.log(sum);
  }
}
