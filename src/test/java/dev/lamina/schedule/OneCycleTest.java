package dev.lamina.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OneCycleTest {

  private static final double EPSILON = 1e-15;

  /** A linear cycle of 100 steps: up in steps 0 to 29, down in steps 29 to 99. */
  @ParameterizedTest
  @CsvSource({
    "0, 0.04, 0.95",
    "29, 1, 0.85",
    "64, 0.500002, 0.9",
    "99, 0.000004, 0.95",
    "250, 0.000004, 0.95"
  })
  void twoPhases(long step, double rate, double momentum) {
    OneCycle cycle = OneCycle.of(1).anneal(Anneal.LINEAR);
    assertThat(cycle.learningRate(step, 100)).isEqualTo(rate, within(EPSILON));
    assertThat(cycle.momentum(step, 100).orElseThrow()).isEqualTo(momentum, within(EPSILON));
  }

  /** Up in steps 0 to 29, down again in steps 29 to 58, on to the end in steps 58 to 99. */
  @ParameterizedTest
  @CsvSource({
    "0, 0.04, 0.95",
    "29, 1, 0.85",
    "58, 0.04, 0.95",
    "99, 0.000004, 0.95",
  })
  void threePhases(long step, double rate, double momentum) {
    OneCycle cycle = OneCycle.of(1).threePhase(true);
    assertThat(cycle.learningRate(step, 100)).isEqualTo(rate, within(EPSILON));
    assertThat(cycle.momentum(step, 100).orElseThrow()).isEqualTo(momentum, within(EPSILON));
  }

  @Test
  void optionsMoveWhatTheyName() {
    OneCycle cycle = OneCycle.of(1).pctStart(0.5).divFactor(10).finalDivFactor(100);
    assertThat(cycle.learningRate(0, 100)).isEqualTo(0.1, within(EPSILON));
    assertThat(cycle.learningRate(49, 100)).isEqualTo(1, within(EPSILON));
    assertThat(cycle.learningRate(99, 100)).isEqualTo(0.001, within(EPSILON));
    assertThat(cycle.momentumRange(0.7, 0.8).momentum(49, 100)).hasValue(0.7);
    assertThat(cycle.momentumRange(0.7, 0.8).momentum(99, 100)).hasValue(0.8);
    assertThat(cycle.cycleMomentum(false).momentum(49, 100)).isEmpty();
    assertThat(cycle.anneal(Anneal.LINEAR).learningRate(10, 100))
        .isGreaterThan(cycle.learningRate(10, 100));
    assertThat(cycle.threePhase(true).pctStart(0.25).learningRate(60, 100))
        .isLessThan(cycle.pctStart(0.25).learningRate(60, 100));
  }

  /** If the climb ends exactly at step 0, it has length 0. */
  @Test
  void aClimbWithoutLengthIsAtThePeak() {
    OneCycle cycle = OneCycle.of(1).pctStart(0.25);
    assertThat(cycle.learningRate(0, 4)).isEqualTo(1);
    assertThat(cycle.momentum(0, 4)).hasValue(0.85);
  }

  @Test
  void aSingleStepHasTheFinalRate() {
    assertThat(OneCycle.of(1).learningRate(0, 1)).isEqualTo(4e-6, within(EPSILON));
  }

  @Property(tries = 200)
  void climbsThenFallsWithoutJumps(
      @ForAll @DoubleRange(min = 0.05, max = 0.95) double pctStart,
      @ForAll @LongRange(min = 50, max = 5_000) long steps,
      @ForAll Anneal anneal) {
    OneCycle cycle = OneCycle.of(1).pctStart(pctStart).anneal(anneal);
    double top = pctStart * steps - 1;
    // The steepest slope of half a cosine wave is pi / 2 times that of the line.
    double shorter = Math.min(pctStart, 1 - pctStart) * steps - 1;
    double largest = shorter < 1 ? 1 : Math.PI / 2 / shorter;
    for (long step = 1; step < steps; step++) {
      double before = cycle.learningRate(step - 1, steps);
      double now = cycle.learningRate(step, steps);
      double momentumBefore = cycle.momentum(step - 1, steps).orElseThrow();
      double momentumNow = cycle.momentum(step, steps).orElseThrow();
      assertThat(Math.abs(now - before)).isLessThanOrEqualTo(largest);
      assertThat(momentumNow).isBetween(0.85 - EPSILON, 0.95 + EPSILON);
      if (step <= top) {
        assertThat(now).isGreaterThan(before);
        assertThat(momentumNow).isLessThan(momentumBefore);
      } else if (step - 1 >= top) {
        assertThat(now).isLessThan(before);
        assertThat(momentumNow).isGreaterThan(momentumBefore);
      }
    }
  }

  @Test
  void refusesBadValues() {
    refused(() -> OneCycle.of(-0.1), "peak must be positive, got -0.1");
    refused(() -> OneCycle.of(Double.NaN), "peak must be positive, got NaN");
    refused(() -> OneCycle.of(Double.POSITIVE_INFINITY), "peak must be finite, got Infinity");
    OneCycle cycle = OneCycle.of(0.1);
    refused(() -> cycle.pctStart(1.5), "pctStart must be in 0..1, got 1.5");
    refused(() -> cycle.divFactor(0), "divFactor must be positive, got 0.0");
    refused(() -> cycle.finalDivFactor(-1), "finalDivFactor must be positive, got -1.0");
    refused(() -> cycle.momentumRange(-0.1, 0.9), "baseMomentum must be in 0..1, got -0.1");
    refused(() -> cycle.momentumRange(0.8, 1.1), "maxMomentum must be in 0..1, got 1.1");
    refused(() -> cycle.momentumRange(0.8, 1), "maxMomentum must be below 1, got 1.0");
    refused(
        () -> cycle.momentumRange(0.9, 0.8),
        "baseMomentum must not exceed maxMomentum, got 0.9 and 0.8");
    refused(() -> cycle.momentum(-1L, 10L), "step must not be negative, got -1");
  }

  private static void refused(Runnable call, String message) {
    assertThatIllegalArgumentException().isThrownBy(call::run).withMessage(message);
  }
}
