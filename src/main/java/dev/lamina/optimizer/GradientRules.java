package dev.lamina.optimizer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Role;
import dev.lamina.graph.Variable;

/**
 * What happens to the gradients before an optimizer sees them, in this order: clipping, then weight
 * decay.
 *
 * @param weightDecay the factor of the weight that is added to its gradient (L2 regularisation, as
 *     in PyTorch's SGD and Adam); 0 unless set
 * @param kernelsOnly whether weight decay leaves biases and normalisation parameters out; false
 *     unless set
 * @param clipNorm the largest norm of all gradients together; larger ones are scaled down to it.
 *     Infinite unless set
 */
public record GradientRules(double weightDecay, boolean kernelsOnly, double clipNorm) {
  static final GradientRules NONE = new GradientRules(0, false, Double.POSITIVE_INFINITY);

  /** Checks the numbers. */
  public GradientRules {
    checkArgument(
        weightDecay >= 0 && weightDecay < Double.POSITIVE_INFINITY,
        "weightDecay must be finite and not negative, got %s",
        weightDecay);
    checkArgument(clipNorm > 0, "clipNorm must be positive, got %s", clipNorm);
  }

  GradientRules weightDecay(double weightDecay) {
    return new GradientRules(weightDecay, kernelsOnly, clipNorm);
  }

  GradientRules forKernelsOnly() {
    return new GradientRules(weightDecay, true, clipNorm);
  }

  GradientRules clipNorm(double clipNorm) {
    return new GradientRules(weightDecay, kernelsOnly, clipNorm);
  }

  /** The decay that holds for one variable. */
  double decayOf(Variable variable) {
    return kernelsOnly && variable.parameter().role() != Role.KERNEL ? 0 : weightDecay;
  }
}
