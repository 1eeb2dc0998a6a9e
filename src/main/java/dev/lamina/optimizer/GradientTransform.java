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
 * The transform of the gradients before the update: clipping, then weight decay.
 *
 * @param weightDecay the factor of the weight that is added to its gradient (L2 regularisation, as
 *     in PyTorch's SGD and Adam); 0 unless set
 * @param kernelsOnly whether weight decay leaves biases and normalisation parameters out; false
 *     unless set
 * @param clipNorm the maximum norm of all gradients together; larger ones are scaled down to it;
 *     infinite unless set
 */
public record GradientTransform(double weightDecay, boolean kernelsOnly, double clipNorm) {
  /** The identity. */
  public static final GradientTransform NONE =
      new GradientTransform(0, false, Double.POSITIVE_INFINITY);

  /** Checks that weightDecay is finite and not negative, and clipNorm positive. */
  public GradientTransform {
    checkArgument(
        weightDecay >= 0 && weightDecay < Double.POSITIVE_INFINITY,
        "weightDecay must be finite and not negative, got %s",
        weightDecay);
    checkArgument(clipNorm > 0, "clipNorm must be positive, got %s", clipNorm);
  }

  /** Returns this transform with another weight decay. */
  public GradientTransform weightDecay(double weightDecay) {
    return new GradientTransform(weightDecay, kernelsOnly, clipNorm);
  }

  /** Returns this transform with weight decay for kernels only. */
  public GradientTransform forKernelsOnly() {
    return new GradientTransform(weightDecay, true, clipNorm);
  }

  /** Returns this transform with another maximum norm. */
  public GradientTransform clipNorm(double clipNorm) {
    return new GradientTransform(weightDecay, kernelsOnly, clipNorm);
  }

  /** Returns the weight decay of one variable. */
  double decayOf(Variable variable) {
    return kernelsOnly && variable.parameter().role() != Role.KERNEL ? 0 : weightDecay;
  }

  /**
   * Adds clipping and decay to a graph.
   *
   * @param values each variable's value in the step
   * @param gradients the gradient of each of them
   */
  Map<Variable, Operand<TFloat32>> apply(
      Ops tf, Map<Variable, Operand<TFloat32>> values, Map<Variable, Operand<TFloat32>> gradients) {
    Map<Variable, Operand<TFloat32>> transformed = clip(tf, gradients);
    values.forEach(
        (variable, value) -> {
          double decay = decayOf(variable);
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
