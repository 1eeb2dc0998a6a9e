package dev.lamina.schedule;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.OptionalDouble;

/**
 * A linear warm-up before another schedule. Step {@code s} of the {@code length} steps of warm-up
 * has {@code (s + 1) / (length + 1)} of the schedule's first learning rate and its first momentum;
 * then the schedule runs, from its step 0, over the remaining steps. The run must be longer than
 * the warm-up.
 *
 * <p>Source: Goyal et al., <a href="https://arxiv.org/abs/1706.02677">Accurate, Large Minibatch
 * SGD: Training ImageNet in 1 Hour</a>, 2017, section 2.2.
 *
 * @param length steps of warm-up, at least 1
 * @param schedule the schedule after the warm-up
 */
public record WarmUp(long length, Schedule schedule) implements Schedule {

  /** Checks that the length is positive. */
  public WarmUp {
    checkArgument(length > 0, "warm-up length must be positive, got %s", length);
  }

  /** Returns {@code schedule} after {@code length} steps of warm-up. */
  public static WarmUp of(long length, Schedule schedule) {
    return new WarmUp(length, schedule);
  }

  @Override
  public double learningRate(long step, long steps) {
    long at = within(step, steps);
    double rate = schedule.learningRate(Math.max(0, at - length), steps - length);
    return at < length ? rate * (at + 1) / (length + 1) : rate;
  }

  @Override
  public OptionalDouble momentum(long step, long steps) {
    return schedule.momentum(Math.max(0, within(step, steps) - length), steps - length);
  }

  private long within(long step, long steps) {
    long at = Checks.step(step, steps);
    checkArgument(
        steps > length,
        "a warm-up of %s steps needs a longer run, got %s steps; shorten the warm-up or train longer",
        length,
        steps);
    return at;
  }
}
