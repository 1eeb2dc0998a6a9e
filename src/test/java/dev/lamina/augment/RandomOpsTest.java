package dev.lamina.augment;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RandomOpsTest {
  private static final int DRAWS = 2000;

  private static double[] beta(double alpha) {
    return Drawn.repeat(DRAWS, (tf, seed) -> List.of(RandomOps.beta(tf, alpha, seed)))[0];
  }

  @Test
  void beta_followsItsDistribution() {
    // Those with a cumulative distribution in closed form.
    Drawn.assertDistribution(beta(1), x -> x);
    Drawn.assertDistribution(beta(2), x -> x * x * (3 - 2 * x));
    DoubleUnaryOperator arcsine = x -> 2 / Math.PI * Math.asin(Math.sqrt(x));
    Drawn.assertDistribution(beta(0.5), arcsine);
  }

  @ParameterizedTest
  @CsvSource({"0.05", "0.2", "0.4", "1", "3", "50"})
  void beta_hasItsMeanAndVariance(double alpha) {
    double[] drawn = beta(alpha);
    double variance = 1 / (4 * (2 * alpha + 1));
    // Five standard deviations of the mean and, at most, of the variance: (x - 1/2)^2 lies in
    // 0..1/4 and has the mean `variance`.
    double error = 5 / Math.sqrt(DRAWS);
    assertThat(Arrays.stream(drawn).average().orElseThrow())
        .isCloseTo(0.5, Offset.offset(error * Math.sqrt(variance)));
    assertThat(Arrays.stream(drawn).map(x -> (x - 0.5) * (x - 0.5)).average().orElseThrow())
        .isCloseTo(variance, Offset.offset(error * Math.sqrt(variance / 4)));
    assertThat(Arrays.stream(drawn).allMatch(x -> 0 <= x && x <= 1)).isTrue();
  }

  @Test
  void beta_ofATinyAlpha_isZeroOrOne() {
    double[] drawn = beta(1e-4);
    assertThat(Arrays.stream(drawn).filter(x -> x < 1e-3 || x > 1 - 1e-3).count())
        .isGreaterThan(DRAWS * 99 / 100);
    assertThat(Arrays.stream(drawn).filter(x -> x < 0.5).count())
        .isBetween(DRAWS * 45L / 100, DRAWS * 55L / 100);
  }

  @Test
  void beta_dependsOnTheSeedAlone() {
    assertThat(beta(0.7)).isEqualTo(beta(0.7));
    assertThat(Arrays.stream(beta(0.7)).distinct().count()).isGreaterThan(DRAWS * 99 / 100);
  }
}
