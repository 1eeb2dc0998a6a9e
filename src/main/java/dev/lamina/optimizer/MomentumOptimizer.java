package dev.lamina.optimizer;

import static com.google.common.base.Preconditions.checkArgument;

import org.tensorflow.op.Op;
import org.tensorflow.op.train.ResourceApplyMomentum;

/**
 * Stochastic gradient descent with momentum, as in PyTorch's SGD (Sutskever et al., "On the
 * importance of initialization and momentum in deep learning", 2013, with the learning rate outside
 * the velocity):
 *
 * <pre>
 * v = momentum * v + g
 * w = w - rate * v                      plain
 * w = w - rate * (g + momentum * v)     Nesterov
 * </pre>
 *
 * @param momentum the factor of the velocity, in [0, 1); a schedule may set it in every step
 * @param nesterov whether the step looks ahead; false unless set
 * @param rules clipping and weight decay; none unless set
 */
public record MomentumOptimizer(double momentum, boolean nesterov, GradientRules rules)
    implements Optimizer {
  /** Checks the momentum. */
  public MomentumOptimizer {
    checkArgument(momentum >= 0 && momentum < 1, "momentum must be in [0, 1), got %s", momentum);
  }

  /** Momentum without Nesterov's look-ahead, clipping or weight decay. */
  public static MomentumOptimizer of(double momentum) {
    return new MomentumOptimizer(momentum, false, GradientRules.NONE);
  }

  /** With Nesterov's look-ahead. */
  public MomentumOptimizer withNesterov() {
    return new MomentumOptimizer(momentum, true, rules);
  }

  /** With this factor of each weight added to its gradient. */
  public MomentumOptimizer weightDecay(double weightDecay) {
    return new MomentumOptimizer(momentum, nesterov, rules.weightDecay(weightDecay));
  }

  /** With biases and normalisation parameters left out of weight decay. */
  public MomentumOptimizer decayKernelsOnly() {
    return new MomentumOptimizer(momentum, nesterov, rules.forKernelsOnly());
  }

  /** With all gradients scaled down together where their common norm is larger. */
  public MomentumOptimizer clipNorm(double clipNorm) {
    return new MomentumOptimizer(momentum, nesterov, rules.clipNorm(clipNorm));
  }

  @Override
  public Op update(Update update) {
    return update
        .tf()
        .train
        .resourceApplyMomentum(
            update.variable().handle(),
            update.slot("velocity").handle(),
            update.learningRate(),
            update.gradient(),
            update.momentum(),
            ResourceApplyMomentum.useNesterov(nesterov));
  }
}
