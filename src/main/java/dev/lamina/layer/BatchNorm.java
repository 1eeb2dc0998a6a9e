package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import dev.lamina.graph.Initializer;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Role;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.nn.FusedBatchNorm;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/**
 * Batch normalisation over all dimensions but the last (Ioffe and Szegedy, arXiv 1502.03167).
 *
 * <p>In training: {@code y = weight * (x - mean) / sqrt(variance + epsilon) + bias} with mean and
 * (biased) variance of the batch, and the running statistics are updated: {@code running = (1 -
 * momentum) * running + momentum * batch}, the variance unbiased. In inference: the same with the
 * running statistics. Both as in PyTorch, which refuses batches with one value for each channel:
 * here they give the bias, and move the running variance toward 0, so train on 2 at least.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input, output</td><td>[height, width, channels] or [channels]</td></tr>
 * <tr><td>weight, bias, running_mean, running_var</td><td>[channels]; initially 1, 0, 0, 1</td></tr>
 * </table>
 *
 * @param epsilon the number that is added to the variance; 1e-5 unless set
 * @param momentum the weight of the new value in the running statistics; 0.1 unless set. Keras's
 *     momentum is 1 minus this.
 * @param scale whether the weight is trained; true unless set. Else it stays 1, as with {@code
 *     weight.requires_grad = False} in PyTorch; it is part of the model's files all the same.
 * @param synchronizedStatistics whether mean and variance are those of the whole batch if several
 *     workers train together, as in PyTorch's {@code SyncBatchNorm}; false unless set. Else each
 *     worker normalises with those of its share.
 */
public record BatchNorm(
    double epsilon, double momentum, boolean scale, boolean synchronizedStatistics)
    implements Layer {
  /** Values that oneDNN's bfloat16 kernels take at once; they are slow for other numbers. */
  private static final int VECTOR_SIZE = 16;

  /** Checks that epsilon is positive and finite, and momentum in (0, 1]. */
  public BatchNorm {
    checkArgument(epsilon > 0, "epsilon must be positive, got %s", epsilon);
    checkArgument(Double.isFinite(epsilon), "epsilon must be finite, got %s", epsilon);
    checkArgument(momentum > 0 && momentum <= 1, "momentum must be in (0, 1], got %s", momentum);
  }

  /** Returns batch normalisation with epsilon 1e-5 and momentum 0.1. */
  public static BatchNorm create() {
    return new BatchNorm(1e-5, 0.1, true, false);
  }

  /** Returns this layer with another epsilon. */
  public BatchNorm epsilon(double epsilon) {
    return new BatchNorm(epsilon, momentum, scale, synchronizedStatistics);
  }

  /** Returns this layer with another weight of the new value in the running statistics. */
  public BatchNorm momentum(double momentum) {
    return new BatchNorm(epsilon, momentum, scale, synchronizedStatistics);
  }

  /** Returns this layer with a weight that is trained, or else stays 1. */
  public BatchNorm scale(boolean scale) {
    return new BatchNorm(epsilon, momentum, scale, synchronizedStatistics);
  }

  /** Returns this layer with the statistics of the whole batch, or else of each worker's share. */
  public BatchNorm synchronizedStatistics(boolean synchronizedStatistics) {
    return new BatchNorm(epsilon, momentum, scale, synchronizedStatistics);
  }

  @Override
  public Shape outputShape(Shape input) {
    checkArgument(
        input.numDimensions() == 1 || input.numDimensions() == 3,
        "input of BatchNorm must be [height, width, channels] or [channels], got %s",
        Shapes.text(input));
    return input;
  }

  @Override
  public List<Parameter> parameters(Shape input) {
    Shape channels = Shape.of(Shapes.channels(input));
    return List.of(
        Parameter.of("weight", channels, scale ? Role.NORM : Role.FIXED, Initializer.ones()),
        Parameter.of("bias", channels, Role.NORM, Initializer.zeros()),
        Parameter.of("running_mean", channels, Role.STATISTIC, Initializer.zeros()),
        Parameter.of("running_var", channels, Role.STATISTIC, Initializer.ones()));
  }

  @Override
  public boolean acceptsAnyFloatType() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    return apply(context, input, null);
  }

  /**
   * Builds the layer in training after a convolution whose bias was left out, since the mean of the
   * batch would take it away again: only the running mean contains it. Its gradient is exactly
   * zero.
   *
   * @param input the output of the convolution, without the bias
   * @param bias [channels]
   */
  Operand<TFloating> afterBias(Context context, Operand<TFloating> input, Operand<TFloating> bias) {
    Operand<TFloating> unbiased =
        context
            .backward()
            .withGradient(
                List.of(input, bias), input, dy -> List.of(dy, context.tf().zerosLike(bias)));
    return apply(context, unbiased, bias);
  }

  private Operand<TFloating> apply(
      Context context, Operand<TFloating> input, @Nullable Operand<TFloating> bias) {
    Ops tf = context.tf();
    boolean vector = input.shape().numDimensions() == 2;
    // The fused kernel accepts only images.
    Operand<TFloating> given =
        vector
            ? tf.reshape(input, tf.constant(new long[] {-1, 1, 1, input.shape().get(1)}))
            : input;
    Operand<TFloating> image = Floats.cast(tf, given, kernelType(context, given));
    Operand<TFloating> y =
        context
            .share()
            .filter(share -> context.training())
            .filter(share -> synchronizedStatistics || share.synchronizedBatchNorms())
            .map(share -> new SyncBatchNorm(this, context, share).apply(image, bias))
            .orElseGet(() -> overInput(context, image, bias));
    Operand<TFloating> result = Floats.cast(tf, y, input.type());
    return vector ? tf.reshape(result, tf.constant(new long[] {-1, input.shape().get(1)})) : result;
  }

  private Operand<TFloating> overInput(
      Context context, Operand<TFloating> image, @Nullable Operand<TFloating> bias) {
    Ops tf = context.tf();
    FusedBatchNorm<TFloating, TFloat32> norm = norm(context, image);
    if (context.training()) {
      context.setStatistic("running_mean", runningMean(tf, norm.batchMean(), bias));
      context.setStatistic("running_var", norm.batchVariance());
      if (context.backward().rematerializes()) {
        context
            .backward()
            .checkpoint(
                norm.y(),
                after -> norm(context, tf.withControlDependencies(after).identity(image)).y());
      }
    }
    return norm.y();
  }

  /**
   * Returns the type to normalise in. Where the channels do not fill oneDNN's vectors, bfloat16
   * takes up to 50 times as long as float32 (docs/decisions/0048).
   */
  private static Class<? extends TFloating> kernelType(Context context, Operand<TFloating> input) {
    boolean upcasts =
        context.device().upcastsSlowKernels() && input.shape().get(3) % VECTOR_SIZE != 0;
    return upcasts ? TFloat32.class : input.type();
  }

  private Operand<TFloat32> runningMean(
      Ops tf, Operand<TFloat32> blended, @Nullable Operand<TFloating> bias) {
    return bias == null
        ? blended
        : tf.math.add(
            blended, tf.math.mul(Floats.expectFloat32(bias), tf.constant((float) momentum)));
  }

  private FusedBatchNorm<TFloating, TFloat32> norm(Context context, Operand<TFloating> image) {
    return context
        .tf()
        .nn
        .fusedBatchNorm(
            image,
            Floats.expectFloat32(context.get("weight")),
            Floats.expectFloat32(context.get("bias")),
            Floats.expectFloat32(context.get("running_mean")),
            Floats.expectFloat32(context.get("running_var")),
            FusedBatchNorm.epsilon((float) epsilon),
            FusedBatchNorm.isTraining(context.training()),
            // The kernel blends the running statistics itself and returns the result.
            FusedBatchNorm.exponentialAvgFactor((float) momentum));
  }
}
