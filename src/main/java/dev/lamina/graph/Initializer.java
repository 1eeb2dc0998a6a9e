package dev.lamina.graph;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Where the first values of a parameter come from. The values are computed in Java, so that they
 * depend on the seed and the parameter's name alone, not on the device or on the order in which a
 * graph is built.
 */
@FunctionalInterface
public interface Initializer {
  /**
   * Returns the values, in row-major order.
   *
   * @param parameter the parameter to fill; it knows its shape and its fans
   * @param random the generator to draw from, seeded for this parameter alone
   */
  float[] sample(Parameter parameter, RandomGenerator random);

  /** Every value 0. */
  static Initializer zeros() {
    return constant(0);
  }

  /** Every value 1. */
  static Initializer ones() {
    return constant(1);
  }

  /** Every value the same. */
  static Initializer constant(float value) {
    return (parameter, random) -> {
      float[] values = new float[Math.toIntExact(parameter.size())];
      Arrays.fill(values, value);
      return values;
    };
  }

  /**
   * Normal with mean 0.
   *
   * @param deviation the standard deviation
   */
  static Initializer normal(double deviation) {
    checkArgument(deviation > 0, "deviation must be positive, got %s", deviation);
    return (parameter, random) -> normal(parameter, random, deviation);
  }

  /**
   * Uniform between -bound and bound.
   *
   * @param bound the largest magnitude
   */
  static Initializer uniform(double bound) {
    checkArgument(bound > 0, "bound must be positive, got %s", bound);
    return (parameter, random) -> uniform(parameter, random, bound);
  }

  /**
   * Uniform in [-1/sqrt(fan in), 1/sqrt(fan in)): what PyTorch gives kernels and biases of its
   * Conv2d and Linear.
   */
  static Initializer fanInUniform() {
    return (parameter, random) ->
        uniform(parameter, random, 1 / Math.sqrt((double) parameter.fanIn()));
  }

  /**
   * He et al., "Delving Deep into Rectifiers" (arXiv 1502.01852): normal with variance 2 / fan in.
   * Biases should take {@link #zeros()}.
   */
  static Initializer heNormal() {
    return (parameter, random) ->
        normal(parameter, random, Math.sqrt(2.0 / (double) parameter.fanIn()));
  }

  /** He et al. (arXiv 1502.01852), uniform with variance 2 / fan in. */
  static Initializer heUniform() {
    return (parameter, random) ->
        uniform(parameter, random, Math.sqrt(6.0 / (double) parameter.fanIn()));
  }

  /**
   * Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks"
   * (2010): normal with variance 2 / (fan in + fan out).
   */
  static Initializer glorotNormal() {
    return (parameter, random) ->
        normal(
            parameter, random, Math.sqrt(2.0 / (double) (parameter.fanIn() + parameter.fanOut())));
  }

  /** Glorot and Bengio (2010), uniform with variance 2 / (fan in + fan out). */
  static Initializer glorotUniform() {
    return (parameter, random) ->
        uniform(
            parameter, random, Math.sqrt(6.0 / (double) (parameter.fanIn() + parameter.fanOut())));
  }

  private static float[] uniform(Parameter parameter, RandomGenerator random, double bound) {
    float[] values = new float[Math.toIntExact(parameter.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) ((2 * random.nextDouble() - 1) * bound);
    }
    return values;
  }

  private static float[] normal(Parameter parameter, RandomGenerator random, double deviation) {
    float[] values = new float[Math.toIntExact(parameter.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() * deviation);
    }
    return values;
  }
}
