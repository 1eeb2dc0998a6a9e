package dev.lamina.optimizer;

import org.tensorflow.op.Op;

/**
 * Stochastic gradient descent without momentum: {@code w = w - rate * g}. It keeps no state.
 *
 * @param rules clipping and weight decay; none unless set
 */
public record Sgd(GradientRules rules) implements Optimizer {
  /** Gradient descent without clipping or weight decay. */
  public static Sgd create() {
    return new Sgd(GradientRules.NONE);
  }

  /** With this factor of each weight added to its gradient. */
  public Sgd weightDecay(double weightDecay) {
    return new Sgd(rules.weightDecay(weightDecay));
  }

  /** With biases and normalisation parameters left out of weight decay. */
  public Sgd decayKernelsOnly() {
    return new Sgd(rules.forKernelsOnly());
  }

  /** With all gradients scaled down together where their common norm is larger. */
  public Sgd clipNorm(double clipNorm) {
    return new Sgd(rules.clipNorm(clipNorm));
  }

  @Override
  public double momentum() {
    return 0;
  }

  @Override
  public Op update(Update update) {
    return update
        .tf()
        .train
        .resourceApplyGradientDescent(
            update.variable().handle(), update.learningRate(), update.gradient());
  }
}
