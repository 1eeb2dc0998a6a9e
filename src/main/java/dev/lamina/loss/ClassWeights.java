package dev.lamina.loss;

import java.util.stream.IntStream;

/** Weights of classes, for {@link CrossEntropy#classWeights}. */
public final class ClassWeights {
  private ClassWeights() {}

  /**
   * Returns weights with which every class counts equally, however many examples it has: {@code
   * examples / (classes * count)}, as scikit-learn's {@code compute_class_weight("balanced")}. Over
   * all examples their mean is 1.
   *
   * <p>PyTorch's {@code CrossEntropyLoss} with such weights and class numbers divides the loss of a
   * batch by the sum of the weights of its examples; {@link CrossEntropy} divides by the number of
   * examples. Over all examples the two are equal; in a batch with few examples of rare classes
   * PyTorch's is larger.
   *
   * @param counts the number of examples of each class; a class without examples has weight 1 and
   *     is not one of the classes in the equation
   */
  public static double[] balanced(int... counts) {
    long examples = IntStream.of(counts).asLongStream().sum();
    long classes = IntStream.of(counts).filter(count -> count > 0).count();
    return IntStream.of(counts)
        .mapToDouble(count -> count == 0 ? 1 : (double) examples / (classes * count))
        .toArray();
  }
}
