package dev.lamina.layer;

import dev.lamina.graph.BatchShare;
import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.op.nn.FusedBatchNorm;
import org.tensorflow.op.nn.FusedBatchNormGrad;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TFloating;

/**
 * Batch norm in training with the mean and the variance of a batch that several workers share, as
 * PyTorch's {@code SyncBatchNorm}. With N elements of a channel in the whole batch, m on this
 * worker, w the sum of the weights of this worker's examples, and sums over all workers:
 *
 * <pre>
 * mean = sum(m mean_own) / N
 * variance = sum(m (variance_own + mean_own^2)) / N - mean^2
 * x_hat = (x - mean) / sqrt(variance + epsilon)
 * dx = weight / sqrt(variance + epsilon) * (dy - sum(w sum_own(dy)) / (N w)
 *     - x_hat sum(w sum_own(dy x_hat)) / (N w))
 * </pre>
 *
 * <p>(Each dy is that of the mean loss of one worker's examples, and the exchange weights by w.)
 *
 * @param layer the options
 * @param context the context of the layer
 * @param share the share of the batch
 */
record SyncBatchNorm(BatchNorm layer, Context context, BatchShare share) {
  /**
   * The statistics of the whole batch, each float32.
   *
   * @param count the number of elements of a channel, float64
   */
  private record Statistics(
      Operand<TFloat64> count,
      Operand<TFloat32> mean,
      Operand<TFloat32> variance,
      Operand<TFloat32> unbiased) {}

  /**
   * Builds the layer.
   *
   * @param x [batch, height, width, channels]
   * @param bias what was left out of x; null if nothing
   */
  Operand<TFloating> apply(Operand<TFloating> x, @Nullable Operand<TFloating> bias) {
    Ops tf = context.tf();
    Statistics all = statistics(tf, x);
    Operand<TFloat32> mean =
        bias == null ? all.mean() : tf.math.add(all.mean(), Floats.expectFloat32(bias));
    context.setStatistic("running_mean", running(tf, "running_mean", mean));
    context.setStatistic("running_var", running(tf, "running_var", all.unbiased()));
    Operand<TFloating> y =
        context
            .backward()
            .withGradient(
                List.of(x, context.get("weight"), context.get("bias")),
                normalized(tf, x, all),
                dy -> gradients(tf, context.backward().rematerialized(x, dy), all, dy));
    if (context.backward().rematerializes()) {
      context
          .backward()
          .checkpoint(
              y, after -> normalized(tf, tf.withControlDependencies(after).identity(x), all));
    }
    return y;
  }

  /**
   * Returns the number of elements, their sum and that of their squares, of this worker's share: in
   * float64, in which the difference of two large squares keeps its digits.
   */
  private Operand<TFloat64> sums(Ops tf, Operand<TFloating> x) {
    FusedBatchNorm<TFloating, TFloat32> own =
        tf.nn.fusedBatchNorm(
            x,
            parameter("weight"),
            parameter("bias"),
            parameter("running_mean"),
            parameter("running_var"),
            FusedBatchNorm.isTraining(true),
            // The kernel blends with the running statistics; with 1 it returns those of x.
            FusedBatchNorm.exponentialAvgFactor(1f));
    Operand<TFloat64> one = tf.constant(1.0);
    Operand<TFloat64> elements =
        tf.math.div(
            tf.dtypes.cast(tf.size(x), TFloat64.class), tf.constant((double) x.shape().get(3)));
    Operand<TFloat64> mean = tf.dtypes.cast(own.batchMean(), TFloat64.class);
    Operand<TFloat64> variance = tf.dtypes.cast(own.batchVariance(), TFloat64.class);
    Operand<TFloat64> squares =
        tf.math.add(
            tf.math.mul(variance, tf.math.sub(elements, one)),
            tf.math.mul(elements, tf.math.square(mean)));
    Operand<TFloat64> sums =
        tf.concat(
            List.of(tf.expandDims(elements, tf.constant(0)), tf.math.mul(mean, elements), squares),
            tf.constant(0));
    Operand<TFloat64> counts =
        tf.dtypes.cast(tf.math.greater(share.weight(), tf.constant(0f)), TFloat64.class);
    return tf.math.mulNoNan(sums, counts);
  }

  private Statistics statistics(Ops tf, Operand<TFloating> x) {
    Operand<TFloat64> one = tf.constant(1.0);
    long channels = x.shape().get(3);
    List<Output<TFloat64>> all =
        tf.splitV(
                share.sum(tf, sums(tf, x)),
                tf.constant(new long[] {1, channels, channels}),
                tf.constant(0),
                3L)
            .output();
    Operand<TFloat64> count = all.get(0);
    Operand<TFloat64> allMean = tf.math.div(all.get(1), count);
    Operand<TFloat64> allVariance =
        tf.math.maximum(
            tf.math.sub(tf.math.div(all.get(2), count), tf.math.square(allMean)), tf.constant(0.0));
    Operand<TFloat64> correction =
        tf.math.div(count, tf.math.maximum(tf.math.sub(count, one), one));
    return new Statistics(
        count,
        tf.dtypes.cast(allMean, TFloat32.class),
        tf.dtypes.cast(allVariance, TFloat32.class),
        tf.dtypes.cast(tf.math.mul(allVariance, correction), TFloat32.class));
  }

  private Operand<TFloat32> running(Ops tf, String name, Operand<TFloat32> batch) {
    float momentum = (float) layer.momentum();
    return tf.math.add(
        tf.math.mul(parameter(name), tf.constant(1 - momentum)),
        tf.math.mul(batch, tf.constant(momentum)));
  }

  private Operand<TFloating> normalized(Ops tf, Operand<TFloating> x, Statistics all) {
    return tf.nn
        .fusedBatchNorm(
            x,
            parameter("weight"),
            parameter("bias"),
            all.mean(),
            all.variance(),
            FusedBatchNorm.epsilon((float) layer.epsilon()),
            FusedBatchNorm.isTraining(false))
        .y();
  }

  /** Returns the gradients with respect to input, weight and bias. */
  private List<Operand<TFloating>> gradients(
      Ops tf, Operand<TFloating> x, Statistics all, Operand<TFloating> dy) {
    // As if the statistics were constants; then what depends on x through them.
    FusedBatchNormGrad<TFloating, TFloat32> constant =
        tf.nn.fusedBatchNormGrad(
            dy,
            x,
            parameter("weight"),
            all.mean(),
            all.variance(),
            all.variance(),
            FusedBatchNormGrad.epsilon((float) layer.epsilon()),
            FusedBatchNormGrad.isTraining(false));
    Operand<TFloat32> sums = tf.stack(List.of(constant.offsetBackprop(), constant.scaleBackprop()));
    Operand<TFloat32> divisor =
        tf.math.mul(tf.dtypes.cast(all.count(), TFloat32.class), share.weight());
    // An empty share has gradients that are NaN, of weight 0.
    List<Output<TFloat32>> means =
        tf.unstack(
                tf.math.divNoNan(share.sum(tf, tf.math.mulNoNan(sums, share.weight())), divisor),
                2L)
            .output();
    Operand<TFloat32> inverse =
        tf.math.rsqrt(tf.math.add(all.variance(), tf.constant((float) layer.epsilon())));
    Operand<TFloat32> normalized =
        tf.math.mul(tf.math.sub(tf.dtypes.cast(x, TFloat32.class), all.mean()), inverse);
    Operand<TFloat32> through =
        tf.math.mul(
            tf.math.add(means.get(0), tf.math.mul(normalized, means.get(1))),
            tf.math.mul(parameter("weight"), inverse));
    return List.of(
        tf.math.sub(constant.xBackprop(), Floats.cast(tf, Floats.asFloating(through), x.type())),
        Floats.asFloating(constant.scaleBackprop()),
        Floats.asFloating(constant.offsetBackprop()));
  }

  private Operand<TFloat32> parameter(String name) {
    return Floats.expectFloat32(context.get(name));
  }
}
