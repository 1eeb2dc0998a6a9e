package dev.lamina.graph;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Computes the initial values of a parameter, in Java, so that they depend only on the seed and the
 * parameter's name, not on the device or on the order in which a graph is built.
 */
@FunctionalInterface
public interface Initializer {
  /**
   * Returns the values, in row-major order.
   *
   * @param parameter the parameter to fill, with its shape and fans
   * @param random the generator to draw from, seeded for this parameter alone
   */
  float[] sample(Parameter parameter, RandomGenerator random);

  /** Returns an initializer of zeros. */
  static Initializer zeros() {
    return constant(0);
  }

  /** Returns an initializer of ones. */
  static Initializer ones() {
    return constant(1);
  }

  /** Returns an initializer of a constant. */
  static Initializer constant(float value) {
    return (parameter, random) -> {
      float[] values = new float[Math.toIntExact(parameter.size())];
      Arrays.fill(values, value);
      return values;
    };
  }

  /**
   * Returns a normal distribution with mean 0.
   *
   * @param std the standard deviation
   */
  static Initializer normal(double std) {
    checkArgument(std > 0, "std must be positive, got %s", std);
    return (parameter, random) -> normal(parameter, random, std);
  }

  /**
   * Returns a uniform distribution between -bound and bound.
   *
   * @param bound the largest magnitude
   */
  static Initializer uniform(double bound) {
    checkArgument(bound > 0, "bound must be positive, got %s", bound);
    return (parameter, random) -> uniform(parameter, random, bound);
  }

  /**
   * Returns a uniform distribution in [-1/sqrt(fan in), 1/sqrt(fan in)): PyTorch's default for
   * kernels and biases of Conv2d and Linear.
   */
  static Initializer fanInUniform() {
    return (parameter, random) ->
        uniform(parameter, random, 1 / Math.sqrt((double) parameter.fanIn()));
  }

  /**
   * Returns the normal distribution with variance 2 / fan in of He et al., "Delving Deep into
   * Rectifiers" (arXiv 1502.01852). Use {@link #zeros()} for biases.
   */
  static Initializer heNormal() {
    return (parameter, random) ->
        normal(parameter, random, Math.sqrt(2.0 / (double) parameter.fanIn()));
  }

  /** Returns the normal distribution with variance 2 / fan out of He et al. (arXiv 1502.01852). */
  static Initializer heNormalFanOut() {
    return (parameter, random) ->
        normal(parameter, random, Math.sqrt(2.0 / (double) parameter.fanOut()));
  }

  /** Returns the uniform distribution with variance 2 / fan in of He et al. (arXiv 1502.01852). */
  static Initializer heUniform() {
    return (parameter, random) ->
        uniform(parameter, random, Math.sqrt(6.0 / (double) parameter.fanIn()));
  }

  /**
   * Returns the normal distribution with variance 2 / (fan in + fan out) of Glorot and Bengio,
   * "Understanding the difficulty of training deep feedforward neural networks" (2010).
   */
  static Initializer glorotNormal() {
    return (parameter, random) ->
        normal(
            parameter, random, Math.sqrt(2.0 / (double) (parameter.fanIn() + parameter.fanOut())));
  }

  /**
   * Returns the uniform distribution with variance 2 / (fan in + fan out) of Glorot and Bengio
   * (2010).
   */
  static Initializer glorotUniform() {
    return (parameter, random) ->
        uniform(
            parameter, random, Math.sqrt(6.0 / (double) (parameter.fanIn() + parameter.fanOut())));
  }

  /**
   * Returns an initializer of convolutions that pass their input channels on, like {@code
   * torch.nn.init.dirac_} (Zagoruyko and Komodakis, arXiv 1706.00388): the first filters, as many
   * as there are input channels, are 1 at their centre in one channel each, and else 0. So channels
   * are passed on unless the convolution is in groups.
   *
   * @param others initialises the filters that are left if there are more; {@link #zeros()} as in
   *     PyTorch
   */
  static Initializer dirac(Initializer others) {
    return (parameter, random) -> {
      checkArgument(
          parameter.shape().numDimensions() == 4,
          "dirac must initialise [height, width, in, filters], got %s",
          parameter.shape());
      float[] values = others.sample(parameter, random);
      int height = (int) parameter.shape().get(0);
      int width = (int) parameter.shape().get(1);
      int in = (int) parameter.shape().get(2);
      int filters = (int) parameter.shape().get(3);
      int centre = height / 2 * width + width / 2;
      for (int i = 0; i < values.length; i++) {
        int filter = i % filters;
        if (filter < in) {
          int channel = i / filters % in;
          int place = i / filters / in;
          values[i] = filter == channel && place == centre ? 1 : 0;
        }
      }
      return values;
    };
  }

  private static float[] uniform(Parameter parameter, RandomGenerator random, double bound) {
    float[] values = new float[Math.toIntExact(parameter.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) ((2 * random.nextDouble() - 1) * bound);
    }
    return values;
  }

  private static float[] normal(Parameter parameter, RandomGenerator random, double std) {
    float[] values = new float[Math.toIntExact(parameter.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() * std);
    }
    return values;
  }
}
