package dev.lamina.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Properties of every schedule. */
class ScheduleTest {

  private static final long STEPS = 53;

  static Stream<Schedule> schedules() {
    return Stream.of(
        Constant.of(0.1),
        OneCycle.of(0.1),
        OneCycle.of(0.1).anneal(Anneal.LINEAR).threePhase(true),
        PiecewiseLinear.of(new long[] {5, 20, 90}, new double[] {0.02, 0.1, 0}),
        StepDecay.of(0.1, 10, 40),
        Cosine.of(0.1),
        Cosine.of(0.1).restarts(7, 2),
        Polynomial.of(0.1).power(2),
        WarmUp.of(9, Cosine.of(0.1)));
  }

  @ParameterizedTest
  @MethodSource("schedules")
  void staysBetweenZeroAndThePeak(Schedule schedule) {
    assertThat(LongStream.range(0, 2 * STEPS).mapToDouble(s -> schedule.learningRate(s, STEPS)))
        .allMatch(rate -> rate >= 0 && rate <= 0.1 * (1 + 1e-15));
  }

  @ParameterizedTest
  @MethodSource("schedules")
  void holdsTheLastValuePastTheEnd(Schedule schedule) {
    double last = schedule.learningRate(STEPS - 1, STEPS);
    assertThat(schedule.learningRate(STEPS, STEPS)).isEqualTo(last);
    assertThat(schedule.learningRate(Long.MAX_VALUE, STEPS)).isEqualTo(last);
    assertThat(schedule.momentum(STEPS, STEPS)).isEqualTo(schedule.momentum(STEPS - 1, STEPS));
  }

  @ParameterizedTest
  @MethodSource("schedules")
  void refusesANegativeStepAndAnEmptyRun(Schedule schedule) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> schedule.learningRate(-1, STEPS))
        .withMessage("step must not be negative, got -1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> schedule.learningRate(0, 0))
        .withMessage("steps must be positive, got 0");
  }

  @Test
  void leavesTheMomentumToTheOptimizer() {
    Schedule ofOnesOwn = (step, steps) -> 0.1 / (1 + step);
    assertThat(ofOnesOwn.momentum(0, 10)).isEmpty();
    assertThat(ofOnesOwn.learningRate(1, 10)).isEqualTo(0.05);
  }
}
