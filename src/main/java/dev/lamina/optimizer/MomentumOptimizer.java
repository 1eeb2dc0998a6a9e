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
 * @param transform clipping and weight decay; none unless set
 */
public record MomentumOptimizer(double momentum, boolean nesterov, GradientTransform transform)
    implements Optimizer {
  /** Checks that the momentum is in [0, 1). */
  public MomentumOptimizer {
    checkArgument(momentum >= 0 && momentum < 1, "momentum must be in [0, 1), got %s", momentum);
  }

  /** Returns momentum without Nesterov's look-ahead, clipping or weight decay. */
  public static MomentumOptimizer of(double momentum) {
    return new MomentumOptimizer(momentum, false, GradientTransform.NONE);
  }

  /** Returns this optimizer with Nesterov's look-ahead. */
  public MomentumOptimizer withNesterov() {
    return new MomentumOptimizer(momentum, true, transform);
  }

  /** Returns this optimizer with this factor of each weight added to its gradient. */
  public MomentumOptimizer weightDecay(double weightDecay) {
    return new MomentumOptimizer(momentum, nesterov, transform.weightDecay(weightDecay));
  }

  /**
   * Returns SGDW: this optimizer with its weight decay not passing through the velocity, as that of
   * Keras's SGD. It needs a {@link #weightDecay}, which is 0 unless set.
   */
  public MomentumOptimizer withDecoupledDecay() {
    return new MomentumOptimizer(momentum, nesterov, transform.withDecoupledDecay());
  }

  /** Returns this optimizer without weight decay of biases and normalisation parameters. */
  public MomentumOptimizer decayKernelsOnly() {
    return new MomentumOptimizer(momentum, nesterov, transform.forKernelsOnly());
  }

  /**
   * Returns this optimizer with all gradients scaled down together if their common norm is larger.
   */
  public MomentumOptimizer clipNorm(double clipNorm) {
    return new MomentumOptimizer(momentum, nesterov, transform.clipNorm(clipNorm));
  }

  @Override
  public Op update(UpdateContext update) {
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
