package dev.lamina.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.OptionalDouble;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pinned values and properties of the schedules other than OneCycle. */
class ScheduleValuesTest {

  private static final double EPSILON = 1e-15;

  @Test
  void constantStays() {
    assertThat(Constant.of(0.3).learningRate(0, 10)).isEqualTo(0.3);
    assertThat(Constant.of(0.3).learningRate(9, 10)).isEqualTo(0.3);
    refused(() -> Constant.of(-0.1), "learning rate must be positive, got -0.1");
    refused(() -> Constant.of(0), "learning rate must be positive, got 0.0");
  }

  @ParameterizedTest
  @CsvSource({"0, 0.1", "4, 0.1", "7, 0.25", "10, 0.4", "15, 0.2", "20, 0", "99, 0", "200, 0"})
  void piecewiseLinearJoinsItsKnots(long step, double rate) {
    PiecewiseLinear schedule =
        PiecewiseLinear.of(new long[] {4, 10, 20}, new double[] {0.1, 0.4, 0});
    assertThat(schedule.learningRate(step, 100)).isEqualTo(rate, within(EPSILON));
  }

  @Test
  void piecewiseLinearEndsWithTheRun() {
    PiecewiseLinear schedule = PiecewiseLinear.of(new long[] {0, 100}, new double[] {1, 0});
    assertThat(schedule.learningRate(30, 11)).isEqualTo(0.9, within(EPSILON));
  }

  @Test
  void piecewiseLinearRefusesBadKnots() {
    refused(() -> PiecewiseLinear.of(new long[0], new double[0]), "knots must not be empty");
    refused(
        () -> PiecewiseLinear.of(new long[] {0, 5}, new double[] {1}),
        "knots and values must have the same length, got 2 and 1");
    refused(
        () -> PiecewiseLinear.of(new long[] {-1, 5}, new double[] {1, 2}),
        "knots must not be negative, got [-1, 5]");
    refused(
        () -> PiecewiseLinear.of(new long[] {5, 5}, new double[] {1, 2}),
        "knots must increase, got [5, 5]");
    refused(
        () -> PiecewiseLinear.of(new long[] {0, 5}, new double[] {1, -2}),
        "learning rate must not be negative, got -2.0");
  }

  @ParameterizedTest
  @CsvSource({"0, 0.1", "9, 0.1", "10, 0.01", "39, 0.01", "40, 0.001", "99, 0.001", "500, 0.001"})
  void stepDecayDropsAtItsMilestones(long step, double rate) {
    assertThat(StepDecay.of(0.1, 10, 40).learningRate(step, 100)).isEqualTo(rate, within(EPSILON));
  }

  @Test
  void stepDecayTakesAnotherFactor() {
    assertThat(StepDecay.of(0.1, 10, 40).factor(0.5).learningRate(40, 100))
        .isEqualTo(0.025, within(EPSILON));
  }

  @Test
  void stepDecayRefusesBadValues() {
    refused(() -> StepDecay.of(-0.1, 10), "learning rate must be positive, got -0.1");
    refused(() -> StepDecay.of(0.1), "milestones must not be empty");
    refused(() -> StepDecay.of(0.1, 0, 10), "milestones must be positive, got [0, 10]");
    refused(() -> StepDecay.of(0.1, 20, 10), "milestones must increase, got [20, 10]");
    refused(
        () -> StepDecay.of(0.1, 10).factor(1.5), "factor must be above 0 and at most 1, got 1.5");
  }

  /** Cosines of 0, 60, 90 and 120 degrees, and of the last step's 180 * 11 / 12. */
  @ParameterizedTest
  @CsvSource({
    "0, 0.5",
    "4, 0.4",
    "6, 0.3",
    "8, 0.2",
    "11, 0.10681483474218634",
    "50, 0.10681483474218634"
  })
  void cosineFallsToItsFloor(long step, double rate) {
    assertThat(Cosine.of(0.5).floor(0.1).learningRate(step, 12)).isEqualTo(rate, within(EPSILON));
  }

  /** Cycles of 4, 8 and 16 steps: at the start, in the middle, and one past the end of each. */
  @ParameterizedTest
  @CsvSource({"0, 1", "2, 0.5", "4, 1", "8, 0.5", "12, 1", "20, 0.5", "28, 1"})
  void cosineRestartsInGrowingCycles(long step, double rate) {
    assertThat(Cosine.of(1).restarts(4, 2).learningRate(step, 100))
        .isEqualTo(rate, within(EPSILON));
  }

  @Test
  void cosineRestartsInEqualCycles() {
    Cosine cosine = Cosine.of(1).restarts(4, 1);
    for (long step = 0; step < 100; step++) {
      assertThat(cosine.learningRate(step, 100))
          .isEqualTo(Cosine.of(1).learningRate(step % 4, 4), within(EPSILON));
    }
    assertThat(cosine.learningRate(1_000_000_000_002L, Long.MAX_VALUE))
        .isEqualTo(0.5, within(EPSILON));
  }

  @Test
  void cosineRefusesBadValues() {
    refused(() -> Cosine.of(0), "peak must be positive, got 0.0");
    refused(() -> Cosine.of(0.1).floor(-1), "floor must not be negative, got -1.0");
    refused(() -> Cosine.of(0.1).floor(0.2), "floor must not exceed the peak, got 0.2 and 0.1");
    refused(() -> Cosine.of(0.1).restarts(0, 1), "firstCycle must be positive, got 0");
    refused(() -> Cosine.of(0.1).restarts(5, 0), "growth must be at least 1, got 0");
    refused(() -> new Cosine(0.1, 0, -1, 1), "firstCycle must not be negative, got -1");
  }

  @ParameterizedTest
  @CsvSource({"0, 1, 1", "5, 1, 0.55", "9, 1, 0.19", "99, 1, 0.19", "5, 2, 0.325", "0, 2, 1"})
  void polynomialFallsToItsEnd(long step, double power, double rate) {
    assertThat(Polynomial.of(1).end(0.1).power(power).learningRate(step, 10))
        .isEqualTo(rate, within(EPSILON));
  }

  @Test
  void polynomialRefusesBadValues() {
    refused(() -> Polynomial.of(-1), "peak must be positive, got -1.0");
    refused(() -> Polynomial.of(1).end(-1), "end must not be negative, got -1.0");
    refused(() -> Polynomial.of(1).power(0), "power must be positive, got 0.0");
  }

  @Property(tries = 200)
  void fallWithoutJumps(@ForAll @LongRange(min = 2, max = 5_000) long steps) {
    for (Schedule schedule : new Schedule[] {Cosine.of(1), Polynomial.of(1)}) {
      for (long step = 1; step < steps; step++) {
        double drop = schedule.learningRate(step - 1, steps) - schedule.learningRate(step, steps);
        assertThat(drop).isPositive().isLessThanOrEqualTo(Math.PI / 2 / steps);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 0.1", "1, 0.2", "3, 0.4", "4, 0.5", "7, 0.25", "9, 0.08333333333333333"})
  void warmUpClimbsToTheSchedule(long step, double rate) {
    // Then a line from 0.5 at step 4 to 0 at step 10.
    assertThat(WarmUp.of(4, Polynomial.of(0.5)).learningRate(step, 10))
        .isEqualTo(rate, within(EPSILON));
  }

  @Property(tries = 200)
  void warmUpThenEqualsTheSchedule(
      @ForAll @LongRange(min = 1, max = 500) long length,
      @ForAll @LongRange(min = 1, max = 500) long rest) {
    OneCycle inner = OneCycle.of(0.1);
    WarmUp warmUp = WarmUp.of(length, inner);
    long steps = length + rest;
    OptionalDouble firstMomentum = inner.momentum(0, rest);
    for (long step = 0; step < length; step++) {
      assertThat(warmUp.learningRate(step, steps)).isLessThan(warmUp.learningRate(step + 1, steps));
      assertThat(warmUp.momentum(step, steps)).isEqualTo(firstMomentum);
    }
    for (long step = length; step < steps + 3; step++) {
      assertThat(warmUp.learningRate(step, steps))
          .isEqualTo(inner.learningRate(step - length, rest));
      assertThat(warmUp.momentum(step, steps)).isEqualTo(inner.momentum(step - length, rest));
    }
  }

  @Test
  void warmUpRefusesBadLengths() {
    refused(() -> WarmUp.of(0, Constant.of(1)), "warm-up length must be positive, got 0");
    refused(
        () -> WarmUp.of(10, Constant.of(1)).learningRate(0, 10),
        "a warm-up of 10 steps needs a longer run, got 10 steps; shorten the warm-up or train"
            + " longer");
  }

  private static void refused(Runnable call, String message) {
    assertThatIllegalArgumentException().isThrownBy(call::run).withMessage(message);
  }
}
