package dev.lamina.optimizer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Floats;
import dev.lamina.graph.Precision;
import dev.lamina.graph.Role;
import dev.lamina.graph.Variable;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.op.train.ResourceApplyMomentum;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/**
 * Muon: Nesterov momentum whose step for each convolution's kernel is made orthogonal (Jordan et
 * al., "Muon: An optimizer for hidden layers in neural networks", 2024,
 * https://kellerjordan.github.io/posts/muon). All other parameters, the classifier among them, are
 * trained by {@link MomentumOptimizer} with Nesterov's look-ahead.
 *
 * <pre>
 * v = momentum * v + g
 * u = g + momentum * v                                      as a matrix [out, in * height * width]
 * w = w - rate * sqrt(max(1, rows / columns)) * orthogonal(u)
 * </pre>
 *
 * <p>{@code orthogonal} replaces the singular values of a matrix by values near 1, from about 0.7
 * to 1.2, with five Newton-Schulz iterations {@code x = a x + b (x x') x + c (x x')^2 x}, where (a,
 * b, c) = (3.4445, -4.7750, 2.0315), from {@code x = u / |u|}. So the rate says how far a kernel
 * moves, whatever its gradient; other parameters mostly want a rate of their own, by a {@link
 * ParameterGroup}. Weight decay should be decoupled: of what is added to a gradient only the
 * direction would be left.
 *
 * @param momentum the factor of the velocity, in [0, 1); a schedule may set it in every step
 * @param normalized whether each kernel is scaled to the norm sqrt(out) before its step, as the
 *     record runs on CIFAR-10 do (https://github.com/KellerJordan/cifar10-airbench); for kernels
 *     that a batch norm follows. False unless set
 * @param precision the number format of the iterations; empty, the default, for that of the
 *     training
 * @param transform clipping and weight decay; none unless set
 */
public record Muon(
    double momentum, boolean normalized, Optional<Precision> precision, GradientTransform transform)
    implements Optimizer {
  private static final int ITERATIONS = 5;
  private static final float A = 3.4445f;
  private static final float B = -4.7750f;
  private static final float C = 2.0315f;
  private static final float EPSILON = 1e-7f;

  /** Checks that the momentum is in [0, 1). */
  public Muon {
    checkArgument(momentum >= 0 && momentum < 1, "momentum must be in [0, 1), got %s", momentum);
  }

  /** Returns Muon without normalisation of kernels, clipping or weight decay. */
  public static Muon of(double momentum) {
    return new Muon(momentum, false, Optional.empty(), GradientTransform.NONE);
  }

  /** Returns this optimizer with kernels scaled to the norm sqrt(out). */
  public Muon withNormalizedKernels() {
    return new Muon(momentum, true, precision, transform);
  }

  /** Returns this optimizer with another number format of the iterations. */
  public Muon precision(Precision precision) {
    return new Muon(momentum, normalized, Optional.of(precision), transform);
  }

  /** Returns this optimizer with this factor of each weight added to its gradient. */
  public Muon weightDecay(double weightDecay) {
    return new Muon(momentum, normalized, precision, transform.weightDecay(weightDecay));
  }

  /**
   * Returns this optimizer with its weight decay not passing through the velocity. It needs a
   * {@link #weightDecay}, which is 0 unless set.
   */
  public Muon withDecoupledDecay() {
    return new Muon(momentum, normalized, precision, transform.withDecoupledDecay());
  }

  /** Returns this optimizer without weight decay of biases and normalisation parameters. */
  public Muon decayKernelsOnly() {
    return new Muon(momentum, normalized, precision, transform.forKernelsOnly());
  }

  @Override
  public Op update(UpdateContext update) {
    Ops tf = update.tf();
    Variable variable = update.variable();
    Variable velocity = update.slot("velocity");
    Shape shape = variable.parameter().shape();
    if (variable.parameter().role() != Role.KERNEL || shape.numDimensions() != 4) {
      return tf.train.resourceApplyMomentum(
          variable.handle(),
          velocity.handle(),
          update.learningRate(),
          update.gradient(),
          update.momentum(),
          ResourceApplyMomentum.useNesterov(true));
    }
    Operand<TFloat32> moved =
        tf.math.add(
            tf.math.mul(tf.readVariableOp(velocity.handle(), TFloat32.class), update.momentum()),
            update.gradient());
    Operand<TFloat32> ahead = tf.math.add(update.gradient(), tf.math.mul(moved, update.momentum()));
    double out = shape.get(3);
    double inputs = shape.size() / out;
    float scale = (float) Math.sqrt(Math.max(1, out / inputs));
    Operand<TFloat32> step =
        tf.math.mul(
            orthogonal(tf, ahead, shape, precision.orElse(update.precision())),
            tf.math.mul(update.learningRate(), tf.constant(scale)));
    if (normalized) {
      // With a rate of 0 the kernel stays as it is.
      Operand<TFloat32> trained = tf.math.sign(update.learningRate());
      step = tf.math.add(step, tf.math.mul(excess(tf, update.value(), out), trained));
    }
    return tf.withControlDependencies(
            tf.assignVariableOp(velocity.handle(), moved),
            tf.assignSubVariableOp(variable.handle(), step))
        .noOp();
  }

  /** Returns what is to be taken from a kernel so that its norm is sqrt(out). */
  private static Operand<TFloat32> excess(Ops tf, Operand<TFloat32> value, double out) {
    Operand<TFloat32> norm = tf.math.sqrt(tf.math.mul(tf.nn.l2Loss(value), tf.constant(2f)));
    Operand<TFloat32> factor =
        tf.math.div(tf.constant((float) Math.sqrt(out)), tf.math.add(norm, tf.constant(EPSILON)));
    return tf.math.mul(value, tf.math.sub(tf.constant(1f), factor));
  }

  /** The matrix is [in * height * width, out], as the kernel lies in memory, or turned if wide. */
  private static Operand<TFloat32> orthogonal(
      Ops tf, Operand<TFloat32> tensor, Shape shape, Precision precision) {
    long out = shape.get(3);
    boolean tall = shape.size() / out > out;
    Operand<TFloat32> norm = tf.math.sqrt(tf.math.mul(tf.nn.l2Loss(tensor), tf.constant(2f)));
    Operand<TFloat32> scaled = tf.math.div(tensor, tf.math.add(norm, tf.constant(EPSILON)));
    Operand<TFloating> x =
        Floats.cast(
            tf,
            Floats.asFloating(tf.reshape(scaled, tf.constant(new long[] {-1, out}))),
            precision.type());
    for (int i = 0; i < ITERATIONS; i++) {
      x = iterate(tf, x, tall);
    }
    return tf.reshape(Floats.expectFloat32(Floats.cast(tf, x, TFloat32.class)), tf.constant(shape));
  }

  /** The products are of the smaller side: x (x' x) is (x x') x. */
  private static Operand<TFloating> iterate(Ops tf, Operand<TFloating> x, boolean tall) {
    Operand<TFloating> gram =
        tf.linalg.matMul(x, x, MatMul.transposeA(tall), MatMul.transposeB(!tall));
    Operand<TFloating> square = tf.linalg.matMul(gram, gram);
    Operand<TFloating> factor = tf.math.add(scaled(tf, gram, B), scaled(tf, square, C));
    Operand<TFloating> product = tall ? tf.linalg.matMul(x, factor) : tf.linalg.matMul(factor, x);
    return tf.math.add(scaled(tf, x, A), product);
  }

  private static Operand<TFloating> scaled(Ops tf, Operand<TFloating> x, float factor) {
    return tf.math.mul(x, Floats.cast(tf, Floats.asFloating(tf.constant(factor)), x.type()));
  }
}
