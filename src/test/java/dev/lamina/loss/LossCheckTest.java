package dev.lamina.loss;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;

/** The check notices what it is there to notice. */
class LossCheckTest {
  private static final double[][] OUTPUTS = LossCheck.outputs(2, 3);
  private static final double[][] TARGETS = LossCheck.distributions(2, 3);
  private static final LossCheck.Formula SUM_OF_SQUARES =
      (x, t) -> x[0] * x[0] + x[1] * x[1] + x[2] * x[2];

  @Test
  void rightLoss_passes() {
    LossCheck.check(
        (tf, x, t) -> tf.reduceSum(tf.math.square(x), tf.constant(1)),
        SUM_OF_SQUARES,
        OUTPUTS,
        TARGETS);
  }

  @Test
  void wrongLoss_isNoticed() {
    assertThatExceptionOfType(AssertionError.class)
        .isThrownBy(
            () ->
                LossCheck.check(
                    (tf, x, t) ->
                        tf.math.mul(
                            tf.reduceSum(tf.math.square(x), tf.constant(1)), tf.constant(1.00001f)),
                    SUM_OF_SQUARES,
                    OUTPUTS,
                    TARGETS))
        .withMessageContaining("loss of example 0");
  }

  @Test
  void wrongGradient_isNoticed() {
    assertThatExceptionOfType(AssertionError.class)
        .isThrownBy(
            () ->
                LossCheck.check(
                    (tf, x, t) -> tf.reduceSum(tf.math.mul(x, tf.stopGradient(x)), tf.constant(1)),
                    SUM_OF_SQUARES,
                    OUTPUTS,
                    TARGETS))
        .withMessageContaining("gradient of output 0 of example 0");
  }
}
