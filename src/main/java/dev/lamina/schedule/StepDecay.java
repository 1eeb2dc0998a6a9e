package dev.lamina.schedule;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.ImmutableLongArray;

/**
 * A learning rate that is multiplied by a factor at each milestone: {@code rate *
 * factor^(milestones passed)}. A milestone is the first step with the new rate: a step, not an
 * epoch; that after some epochs is {@code epochs * ceil(images / batchSize)}. The recipe of He et
 * al., <a href="https://arxiv.org/abs/1512.03385">Deep Residual Learning for Image Recognition</a>,
 * 2015, for CIFAR-10 is {@code StepDecay.of(0.1, 32_000, 48_000)}.
 *
 * @param rate the first learning rate, positive
 * @param milestones steps, strictly increasing, at least one, each at least 1
 * @param factor the factor at each milestone, above 0 and at most 1; 0.1 by default
 */
public record StepDecay(double rate, ImmutableLongArray milestones, double factor)
    implements Schedule {

  /** Checks that the milestones increase and every value is in the range given above. */
  public StepDecay {
    Checks.positive("learning rate", rate);
    checkArgument(!milestones.isEmpty(), "milestones must not be empty");
    checkArgument(milestones.get(0) > 0, "milestones must be positive, got %s", milestones);
    for (int i = 1; i < milestones.length(); i++) {
      checkArgument(
          milestones.get(i - 1) < milestones.get(i),
          "milestones must increase, got %s",
          milestones);
    }
    checkArgument(
        factor > 0 && factor <= 1, "factor must be above 0 and at most 1, got %s", factor);
  }

  /** Returns a schedule that divides {@code rate} by ten at each milestone. */
  public static StepDecay of(double rate, long... milestones) {
    return new StepDecay(rate, ImmutableLongArray.copyOf(milestones), 0.1);
  }

  /** Returns this schedule with another factor. */
  public StepDecay factor(double multiplier) {
    return new StepDecay(rate, milestones, multiplier);
  }

  @Override
  public double learningRate(long step, long steps) {
    long at = Checks.step(step, steps);
    double passed = milestones.stream().filter(milestone -> milestone <= at).count();
    return rate * Math.pow(factor, passed);
  }
}
