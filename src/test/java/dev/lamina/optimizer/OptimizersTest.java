package dev.lamina.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.graph.Role;
import dev.lamina.optimizer.OptimizerRun.Weight;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Every optimizer against its equations, computed in double precision. */
class OptimizersTest {
  private static final double[][] KERNEL_GRADIENTS = {
    {0.5, -1.5, 2}, {-0.25, 0.75, 1}, {3, 0.1, -0.5}, {0.2, -0.2, 0.4}
  };
  private static final double[][] BIAS_GRADIENTS = {{1}, {-2}, {0.5}, {0.3}};
  private static final double[] RATES = {0.1, 0.3, 0.05, 0.2};
  private static final double[] MOMENTA = {0.95, 0.85, 0.9, 0.7};
  private static final double[] KERNEL = {1, -2, 0.5};
  private static final double[] BIAS = {-0.75};

  /** The equations of one optimizer for one parameter; keeps the slots. */
  private interface Equations {
    double[] step(int t, double[] w, double[] g, double rate, double momentum);
  }

  @Test
  void momentum() {
    check(MomentumOptimizer.of(0.9), () -> momentum(false), 0, 0, Double.POSITIVE_INFINITY);
  }

  @Test
  void momentum_nesterovDecayAndClip() {
    check(
        MomentumOptimizer.of(0.9).withNesterov().weightDecay(0.1).clipNorm(1.5),
        () -> momentum(true),
        0.1,
        0.1,
        1.5);
  }

  @Test
  void momentum_decayOfKernelsOnly() {
    check(
        MomentumOptimizer.of(0.9).weightDecay(0.1).decayKernelsOnly(),
        () -> momentum(false),
        0.1,
        0,
        Double.POSITIVE_INFINITY);
  }

  @Test
  void sgd() {
    check(
        Sgd.create().weightDecay(0.2),
        () ->
            (t, w, g, rate, momentum) -> {
              double[] next = w.clone();
              for (int i = 0; i < w.length; i++) {
                next[i] -= rate * g[i];
              }
              return next;
            },
        0.2,
        0.2,
        Double.POSITIVE_INFINITY);
  }

  @Test
  void adam() {
    check(
        Adam.create().betas(0.9, 0.99).epsilon(1e-2).weightDecay(0.1),
        () -> adam(0.99, 1e-2),
        0.1,
        0.1,
        Double.POSITIVE_INFINITY);
  }

  @Test
  void adam_decoupledDecay() {
    check(
        Adam.create().weightDecay(0.3).withDecoupledDecay(),
        () -> decayed(0.3, adam(0.999, 1e-8)),
        0,
        0,
        Double.POSITIVE_INFINITY);
  }

  @Test
  void momentum_decoupledDecay_isNotClippedAndNotInTheVelocity() {
    check(
        MomentumOptimizer.of(0.9).withNesterov().weightDecay(0.3).withDecoupledDecay().clipNorm(1),
        () -> decayed(0.3, momentum(true)),
        0,
        0,
        1);
  }

  private static Equations momentum(boolean nesterov) {
    double[] velocity = new double[3];
    return (t, w, g, rate, momentum) -> {
      double[] next = w.clone();
      for (int i = 0; i < w.length; i++) {
        velocity[i] = momentum * velocity[i] + g[i];
        next[i] -= rate * (nesterov ? g[i] + momentum * velocity[i] : velocity[i]);
      }
      return next;
    };
  }

  /** Loshchilov and Hutter: the weight loses its share before the update. */
  private static Equations decayed(double decay, Equations equations) {
    return (t, w, g, rate, momentum) -> {
      double[] shrunk = w.clone();
      for (int i = 0; i < w.length; i++) {
        shrunk[i] -= rate * decay * w[i];
      }
      return equations.step(t, shrunk, g, rate, momentum);
    };
  }

  private static Equations adam(double beta2, double epsilon) {
    double[] m = new double[3];
    double[] v = new double[3];
    return (t, w, g, rate, beta1) -> {
      double[] next = w.clone();
      for (int i = 0; i < w.length; i++) {
        m[i] = beta1 * m[i] + (1 - beta1) * g[i];
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
        next[i] -=
            rate
                * (m[i] / (1 - Math.pow(beta1, t)))
                / (Math.sqrt(v[i] / (1 - Math.pow(beta2, t))) + epsilon);
      }
      return next;
    };
  }

  private static void check(
      Optimizer optimizer,
      Supplier<Equations> equations,
      double kernelDecay,
      double biasDecay,
      double clipNorm) {
    List<Map<String, double[]>> actual = run(optimizer);
    Equations kernelEquations = equations.get();
    Equations biasEquations = equations.get();
    double[] kernel = KERNEL;
    double[] bias = BIAS;
    for (int t = 0; t < RATES.length; t++) {
      double norm = 0;
      for (double g : KERNEL_GRADIENTS[t]) {
        norm += g * g;
      }
      norm = Math.sqrt(norm + BIAS_GRADIENTS[t][0] * BIAS_GRADIENTS[t][0]);
      double scale = Math.min(1, clipNorm / (norm + 1e-6));
      kernel =
          kernelEquations.step(
              t + 1,
              kernel,
              gradient(KERNEL_GRADIENTS[t], scale, kernelDecay, kernel),
              RATES[t],
              MOMENTA[t]);
      bias =
          biasEquations.step(
              t + 1,
              bias,
              gradient(BIAS_GRADIENTS[t], scale, biasDecay, bias),
              RATES[t],
              MOMENTA[t]);
      // A step moves a weight by some 0.1; float32 knows it to 1e-7.
      assertThat(actual.get(t).get("k.weight")).containsExactly(kernel, within(1e-5));
      assertThat(actual.get(t).get("k.bias")).containsExactly(bias, within(1e-5));
    }
  }

  private static double[] gradient(double[] raw, double scale, double decay, double[] w) {
    double[] gradient = new double[raw.length];
    for (int i = 0; i < raw.length; i++) {
      gradient[i] = raw[i] * scale + decay * w[i];
    }
    return gradient;
  }

  /** Kernel and bias after each step. */
  private static List<Map<String, double[]>> run(Optimizer optimizer) {
    return OptimizerRun.of(
        optimizer,
        List.of(),
        List.of(
            new Weight("k.weight", Role.KERNEL, new long[] {3, 1}, KERNEL, KERNEL_GRADIENTS),
            new Weight("k.bias", Role.BIAS, new long[] {1}, BIAS, BIAS_GRADIENTS)),
        RATES,
        MOMENTA);
  }

  @Test
  void options_outOfRange() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> MomentumOptimizer.of(1))
        .withMessage("momentum must be in [0, 1), got 1.0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> MomentumOptimizer.of(0.9).weightDecay(-1))
        .withMessage("weightDecay must be finite and not negative, got -1.0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Sgd.create().clipNorm(0))
        .withMessage("clipNorm must be positive, got 0.0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Adam.create().betas(0.9, 1))
        .withMessage("beta2 must be in [0, 1), got 1.0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Adam.create().betas(-0.1, 0.9))
        .withMessage("beta1 must be in [0, 1), got -0.1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Adam.create().epsilon(0))
        .withMessage("epsilon must be positive, got 0.0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Adam.create().epsilon(Double.POSITIVE_INFINITY))
        .withMessage("epsilon must be finite, got Infinity");
  }
}
