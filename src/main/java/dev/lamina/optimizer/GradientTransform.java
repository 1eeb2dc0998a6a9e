package dev.lamina.optimizer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Role;
import dev.lamina.graph.Variable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * What happens before the update of an optimizer: clipping of the gradients, then weight decay.
 *
 * @param weightDecay the factor of the weight that is added to its gradient (L2 regularisation, as
 *     in PyTorch's SGD and Adam) or, decoupled, taken from the weight; 0 unless set
 * @param decoupled whether weight decay is decoupled from the gradient (Loshchilov and Hutter,
 *     arXiv 1711.05101, with the decay times the learning rate as in PyTorch's AdamW): {@code w = w
 *     - rate * weightDecay * w} before the update, of which the moments or the velocity know
 *     nothing; false unless set
 * @param kernelsOnly whether weight decay leaves biases and normalisation parameters out; false
 *     unless set
 * @param clipNorm the maximum norm of all gradients together; larger ones are scaled down to it;
 *     infinite unless set
 */
public record GradientTransform(
    double weightDecay, boolean decoupled, boolean kernelsOnly, double clipNorm) {
  /** The identity. */
  public static final GradientTransform NONE =
      new GradientTransform(0, false, false, Double.POSITIVE_INFINITY);

  /** Checks that weightDecay is finite and not negative, and clipNorm positive. */
  public GradientTransform {
    checkWeightDecay(weightDecay);
    checkArgument(clipNorm > 0, "clipNorm must be positive, got %s", clipNorm);
  }

  static void checkWeightDecay(double weightDecay) {
    checkArgument(
        weightDecay >= 0 && weightDecay < Double.POSITIVE_INFINITY,
        "weightDecay must be finite and not negative, got %s",
        weightDecay);
  }

  /** Returns this transform with another weight decay. */
  public GradientTransform weightDecay(double weightDecay) {
    return new GradientTransform(weightDecay, decoupled, kernelsOnly, clipNorm);
  }

  /** Returns this transform with weight decay that does not pass through the gradient. */
  public GradientTransform withDecoupledDecay() {
    return new GradientTransform(weightDecay, true, kernelsOnly, clipNorm);
  }

  /** Returns this transform with weight decay for kernels only. */
  public GradientTransform forKernelsOnly() {
    return new GradientTransform(weightDecay, decoupled, true, clipNorm);
  }

  /** Returns this transform with another maximum norm. */
  public GradientTransform clipNorm(double clipNorm) {
    return new GradientTransform(weightDecay, decoupled, kernelsOnly, clipNorm);
  }

  /** Returns the weight decay of one variable. */
  private double decayOf(Variable variable, ParameterGroup group) {
    boolean leftOut = kernelsOnly && variable.parameter().role() != Role.KERNEL;
    return group.weightDecay().orElse(leftOut ? 0 : weightDecay);
  }

  /** Returns the weight decay that is added to the gradient of one variable. */
  double coupledDecayOf(Variable variable, ParameterGroup group) {
    return decoupled ? 0 : decayOf(variable, group);
  }

  /** Returns the decoupled weight decay of one variable. */
  double decoupledDecayOf(Variable variable, ParameterGroup group) {
    return decoupled ? decayOf(variable, group) : 0;
  }

  /**
   * Adds clipping, and decay unless it is decoupled, to a graph.
   *
   * @param groups the parameters with a decay of their own
   * @param values each variable's value in the step
   * @param gradients the gradient of each of them
   */
  Map<Variable, Operand<TFloat32>> apply(
      Ops tf,
      List<ParameterGroup> groups,
      Map<Variable, Operand<TFloat32>> values,
      Map<Variable, Operand<TFloat32>> gradients) {
    Map<Variable, Operand<TFloat32>> transformed = clip(tf, gradients);
    values.forEach(
        (variable, value) -> {
          double decay = coupledDecayOf(variable, ParameterGroup.of(groups, variable));
          if (decay > 0) {
            transformed.computeIfPresent(
                variable,
                (key, gradient) ->
                    tf.math.add(gradient, tf.math.mul(value, tf.constant((float) decay))));
          }
        });
    return transformed;
  }

  /** Scales by clipNorm / (norm + 1e-6) if that is below 1, as PyTorch's clip_grad_norm_ does. */
  private Map<Variable, Operand<TFloat32>> clip(
      Ops tf, Map<Variable, Operand<TFloat32>> gradients) {
    Map<Variable, Operand<TFloat32>> clipped = new LinkedHashMap<>(gradients);
    if (clipNorm == Double.POSITIVE_INFINITY) {
      return clipped;
    }
    List<Operand<TFloat32>> halfSquares = new ArrayList<>();
    gradients.values().forEach(gradient -> halfSquares.add(tf.nn.l2Loss(gradient)));
    Operand<TFloat32> norm = tf.math.sqrt(tf.math.mul(tf.math.addN(halfSquares), tf.constant(2f)));
    Operand<TFloat32> scale =
        tf.math.minimum(
            tf.constant(1f),
            tf.math.div(tf.constant((float) clipNorm), tf.math.add(norm, tf.constant(1e-6f))));
    clipped.replaceAll((variable, gradient) -> tf.math.mul(gradient, scale));
    return clipped;
  }
}
