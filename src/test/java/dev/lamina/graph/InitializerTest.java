package dev.lamina.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.ndarray.Shape;

class InitializerTest {
  // Kernels of 3 x 3 over 32 channels; each input reaches 3 x 3 positions of 48 filters: two
  // groups.
  private static final int FAN_IN = 3 * 3 * 32;
  private static final int FAN_OUT = 3 * 3 * 48;

  private static Parameter kernel(Initializer initializer) {
    return new Parameter(
        "weight", Shape.of(3, 3, 32, 96), Role.KERNEL, initializer, FAN_IN, FAN_OUT);
  }

  private static float[] sample(Parameter parameter, long seed) {
    return parameter.initializer().sample(parameter, new SplittableRandom(seed));
  }

  private static Stream<Arguments> uniform() {
    return Stream.of(
        Arguments.of(Initializer.fanInUniform(), 1 / Math.sqrt(FAN_IN)),
        Arguments.of(Initializer.heUniform(), Math.sqrt(6.0 / FAN_IN)),
        Arguments.of(Initializer.glorotUniform(), Math.sqrt(6.0 / (FAN_IN + FAN_OUT))),
        Arguments.of(Initializer.uniform(0.25), 0.25));
  }

  /** 27,648 values: the extremes come within 0.1 % of the bounds, the variance within 3 %. */
  @ParameterizedTest
  @MethodSource("uniform")
  void uniform_fillsItsRange(Initializer initializer, double bound) {
    float[] values = sample(kernel(initializer), 1);
    assertThat(values).hasSize(3 * 3 * 32 * 96);
    double least = 0;
    double most = 0;
    for (float value : values) {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    assertThat(most / bound).isBetween(0.999, 1 + 1e-7);
    assertThat(least / bound).isBetween(-1 - 1e-7, -0.999);
    assertThat(mean(values) / bound).isCloseTo(0, within(0.02));
    assertThat(variance(values) / (bound * bound / 3)).isCloseTo(1, within(0.03));
  }

  private static Stream<Arguments> normal() {
    return Stream.of(
        Arguments.of(Initializer.heNormal(), Math.sqrt(2.0 / FAN_IN)),
        Arguments.of(Initializer.heNormalFanOut(), Math.sqrt(2.0 / FAN_OUT)),
        Arguments.of(Initializer.glorotNormal(), Math.sqrt(2.0 / (FAN_IN + FAN_OUT))),
        Arguments.of(Initializer.normal(0.02), 0.02));
  }

  @ParameterizedTest
  @MethodSource("normal")
  void normal_hasItsSpread(Initializer initializer, double std) {
    float[] values = sample(kernel(initializer), 1);
    assertThat(mean(values) / std).isCloseTo(0, within(0.03));
    assertThat(variance(values) / (std * std)).isCloseTo(1, within(0.04));
    double outside = 0;
    for (float value : values) {
      outside += Math.abs(value) > 2 * std ? 1.0 / values.length : 0;
    }
    // 4.55 % of a normal distribution lie beyond two deviations; none of a uniform one do.
    assertThat(outside).isCloseTo(0.0455, within(0.006));
  }

  @Test
  void constants() {
    assertThat(sample(kernel(Initializer.zeros()), 1)).containsOnly(0);
    assertThat(sample(kernel(Initializer.ones()), 1)).containsOnly(1);
    assertThat(sample(kernel(Initializer.constant(0.5f)), 1)).containsOnly(0.5f);
  }

  @Test
  void seedAndNameDecide() {
    try (GraphSession session = new GraphSession(Device.cpu());
        GraphSession other = new GraphSession(Device.cpu())) {
      Parameter parameter = kernel(Initializer.heNormal());
      Variable first = session.create("0.weight", parameter);
      Variable second = session.create("1.weight", parameter);
      Variable alone = other.create("1.weight", parameter);
      assertThat(first.initialValues(1)).isEqualTo(first.initialValues(1));
      assertThat(first.initialValues(1)).isNotEqualTo(first.initialValues(2));
      assertThat(first.initialValues(1)).isNotEqualTo(second.initialValues(1));
      assertThat(alone.initialValues(1)).isEqualTo(second.initialValues(1));
    }
  }

  /** The values of {@code torch.nn.init.dirac_} for a kernel [5, 3, 3, 2] of PyTorch. */
  @Test
  void dirac_passesChannelsOn() {
    Parameter parameter =
        Parameter.of("weight", Shape.of(3, 2, 3, 5), Role.KERNEL, Initializer.zeros());
    float[] values =
        Initializer.dirac(Initializer.zeros()).sample(parameter, new SplittableRandom(1));
    float[] others =
        Initializer.dirac(Initializer.constant(7)).sample(parameter, new SplittableRandom(1));
    for (int i = 0; i < values.length; i++) {
      int filter = i % 5;
      boolean one = filter < 3 && i / 5 % 3 == filter && i / 15 % 2 == 1 && i / 30 == 1;
      assertThat(values[i]).isEqualTo(one ? 1 : 0);
      assertThat(others[i]).isEqualTo(filter >= 3 ? 7 : one ? 1 : 0);
    }
    assertThatThrownBy(
            () ->
                Initializer.dirac(Initializer.zeros())
                    .sample(
                        Parameter.of("weight", Shape.of(3, 2), Role.KERNEL, Initializer.zeros()),
                        new SplittableRandom(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("dirac must initialise [height, width, in, filters], got ");
  }

  @Test
  void spreadThatIsNotPositive() {
    assertThatThrownBy(() -> Initializer.normal(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("std must be positive, got 0.0");
    assertThatThrownBy(() -> Initializer.uniform(-1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("bound must be positive, got -1.0");
  }

  private static double mean(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  private static double variance(float[] values) {
    double mean = mean(values);
    double sum = 0;
    for (float value : values) {
      sum += (value - mean) * (value - mean);
    }
    return sum / values.length;
  }
}
