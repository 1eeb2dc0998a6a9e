package dev.lamina.loss;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.ImmutableDoubleArray;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The softmax cross-entropy of logits and targets: {@code -sum_k w_k q_k log softmax(logits)_k}.
 *
 * <p>With label smoothing s over K classes the targets t become {@code q_k = (1 - s) * t_k + s / K}
 * (Szegedy et al., <a href="https://arxiv.org/abs/1512.00567">Rethinking the Inception Architecture
 * for Computer Vision</a>, 2015). The class weights w are 1 unless set. Both are as in PyTorch's
 * {@code CrossEntropyLoss} with class probabilities as targets: the batch's mean divides by the
 * number of examples, not by their class weights.
 *
 * @param labelSmoothing s, in [0, 1); 0 unless set
 * @param classWeights w, one for each class; empty (all 1) unless set
 */
public record CrossEntropy(double labelSmoothing, ImmutableDoubleArray classWeights)
    implements Loss {
  /**
   * Creates a loss.
   *
   * @throws IllegalArgumentException if the label smoothing is not in [0, 1) or a class weight is
   *     negative or not finite
   */
  public CrossEntropy {
    checkArgument(
        labelSmoothing >= 0 && labelSmoothing < 1,
        "labelSmoothing must be in [0, 1), got %s",
        labelSmoothing);
    classWeights.forEach(
        weight ->
            checkArgument(
                weight >= 0 && Double.isFinite(weight),
                "classWeights must be finite and not negative, got %s",
                weight));
  }

  /** Returns the cross-entropy without label smoothing or class weights. */
  public static CrossEntropy create() {
    return new CrossEntropy(0, ImmutableDoubleArray.of());
  }

  /** Returns this loss with another label smoothing, in [0, 1). */
  public CrossEntropy labelSmoothing(double labelSmoothing) {
    return new CrossEntropy(labelSmoothing, classWeights);
  }

  /** Returns this loss with a weight for each class, not negative, in the order of the classes. */
  public CrossEntropy classWeights(double... classWeights) {
    return new CrossEntropy(labelSmoothing, ImmutableDoubleArray.copyOf(classWeights));
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if the outputs are not [N, classes] with a known number of
   *     classes, or there is not one class weight for each class
   */
  @Override
  public Operand<TFloat32> apply(Ops tf, Operand<TFloat32> outputs, Operand<TFloat32> targets) {
    Shape shape = outputs.shape();
    checkArgument(
        shape.numDimensions() == 2 && shape.get(1) > 0,
        "outputs must have shape [N, classes] with the classes known, got %s",
        shape);
    int classes = Math.toIntExact(shape.get(1));
    Operand<TFloat32> q = targets;
    if (labelSmoothing > 0) {
      q =
          tf.math.add(
              tf.math.mul(targets, tf.constant((float) (1 - labelSmoothing))),
              tf.constant((float) (labelSmoothing / classes)));
    }
    if (classWeights.isEmpty()) {
      return tf.nn.softmaxCrossEntropyWithLogits(outputs, q).loss();
    }
    checkArgument(
        classWeights.length() == classes,
        "classWeights must have one weight for each of the %s classes, got %s",
        classes,
        classWeights.length());
    float[] weights = new float[classes];
    for (int i = 0; i < classes; i++) {
      weights[i] = (float) classWeights.get(i);
    }
    // The gradient of the fused operation holds only for targets that sum to 1; weighted ones do
    // not.
    return tf.math.neg(
        tf.reduceSum(
            tf.math.mul(tf.math.mul(q, tf.constant(weights)), tf.nn.logSoftmax(outputs)),
            tf.constant(1)));
  }
}
