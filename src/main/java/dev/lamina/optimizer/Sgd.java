package dev.lamina.optimizer;

import org.tensorflow.op.Op;

/**
 * Stochastic gradient descent without momentum: {@code w = w - rate * g}. It keeps no state.
 *
 * @param transform clipping and weight decay; none unless set
 */
public record Sgd(GradientTransform transform) implements Optimizer {
  /** Returns gradient descent without clipping or weight decay. */
  public static Sgd create() {
    return new Sgd(GradientTransform.NONE);
  }

  /** Returns this optimizer with this factor of each weight added to its gradient. */
  public Sgd weightDecay(double weightDecay) {
    return new Sgd(transform.weightDecay(weightDecay));
  }

  /** Returns this optimizer without weight decay of biases and normalisation parameters. */
  public Sgd decayKernelsOnly() {
    return new Sgd(transform.forKernelsOnly());
  }

  /**
   * Returns this optimizer with all gradients scaled down together if their common norm is larger.
   */
  public Sgd clipNorm(double clipNorm) {
    return new Sgd(transform.clipNorm(clipNorm));
  }

  @Override
  public Op update(UpdateContext update) {
    return update
        .tf()
        .train
        .resourceApplyGradientDescent(
            update.variable().handle(), update.learningRate(), update.gradient());
  }
}
