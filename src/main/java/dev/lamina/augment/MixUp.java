package dev.lamina.augment;

import static com.google.common.base.Preconditions.checkArgument;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/**
 * Blends each example of a batch with another one, its partner, and the targets with them:
 *
 * <pre>
 * image  = lambda * image  + (1 - lambda) * image of the partner
 * target = lambda * target + (1 - lambda) * target of the partner
 * weight = lambda * weight + (1 - lambda) * weight of the partner
 * </pre>
 *
 * <p>Lambda is drawn from Beta(alpha, alpha), once for the batch, and the partner of an example is
 * the one before it, that of the first the last. The authors' code draws lambda once too; both are
 * as in torchvision's {@code v2.MixUp}. Since a training batch is in random order, its neighbours
 * are random pairs. A batch of one example stays as it is.
 *
 * <p>Pixels are rounded once, to the nearest integer (halves to even). Targets and weights are
 * mixed in float32 with the same lambda, so the weights of a batch keep their sum.
 *
 * <p>Source: Zhang et al., <a href="https://arxiv.org/abs/1710.09412">mixup: Beyond Empirical Risk
 * Minimization</a>, 2018.
 *
 * @param alpha the parameter of the Beta distribution, positive: 1 makes lambda uniform, less draws
 *     it to 0 and 1. The paper uses 1 for CIFAR-10 and 0.2 to 0.4 for ImageNet
 */
public record MixUp(double alpha) implements BatchAugmentation {

  /**
   * How a batch is mixed.
   *
   * @param lambda float32, a scalar: the share of each example's own image, 0 to 1
   * @param partner int32 [batch], the index of the example that each one is mixed with
   */
  public record Mix(Operand<TFloat32> lambda, Operand<TInt32> partner) {}

  /**
   * Creates a MixUp.
   *
   * @throws IllegalArgumentException if {@code alpha} is not positive and finite
   */
  public MixUp {
    checkArgument(
        alpha > 0 && Double.isFinite(alpha), "alpha must be positive and finite, got %s", alpha);
  }

  /** Returns the MixUp with lambda drawn from Beta(alpha, alpha). */
  public static MixUp of(double alpha) {
    return new MixUp(alpha);
  }

  @Override
  public Batch apply(Ops tf, Batch batch, Operand<TInt64> seed) {
    return mix(tf, batch, draw(tf, ImageShape.batch(tf, batch.images()), seed));
  }

  /**
   * Draws how to mix.
   *
   * @param batch the number of images, a scalar
   * @param seed int64 [2]
   */
  public Mix draw(Ops tf, Operand<TInt32> batch, Operand<TInt64> seed) {
    return new Mix(RandomOps.beta(tf, alpha, seed), previous(tf, batch));
  }

  /** Returns the index of the example before each one, cyclically: int32 [batch]. */
  static Operand<TInt32> previous(Ops tf, Operand<TInt32> batch) {
    Operand<TInt32> last = tf.math.sub(batch, tf.constant(1));
    Operand<TInt32> index = tf.range(tf.constant(0), batch, tf.constant(1));
    return tf.math.floorMod(tf.math.add(index, last), batch);
  }

  /**
   * Mixes a batch as given.
   *
   * @return a batch of the same shapes
   */
  public Batch mix(Ops tf, Batch batch, Mix mix) {
    // For the message about images of unknown size.
    ImageShape.of(batch.images());
    Operand<TUint8> others = tf.gather(batch.images(), mix.partner(), tf.constant(0));
    Operand<TFloat32> pixels =
        blend(
            tf,
            mix.lambda(),
            tf.dtypes.cast(batch.images(), TFloat32.class),
            tf.dtypes.cast(others, TFloat32.class));
    return batch
        .withImages(tf.dtypes.cast(tf.math.rint(pixels), TUint8.class))
        .withTargets(withPartner(tf, batch.targets(), mix.lambda(), mix.partner()))
        .withWeights(withPartner(tf, batch.weights(), mix.lambda(), mix.partner()));
  }

  /** Returns {@code lambda * values + (1 - lambda) * values of the partner}. */
  static Operand<TFloat32> withPartner(
      Ops tf, Operand<TFloat32> values, Operand<TFloat32> lambda, Operand<TInt32> partner) {
    return blend(tf, lambda, values, tf.gather(values, partner, tf.constant(0)));
  }

  private static Operand<TFloat32> blend(
      Ops tf, Operand<TFloat32> lambda, Operand<TFloat32> own, Operand<TFloat32> other) {
    Operand<TFloat32> rest = tf.math.sub(tf.constant(1f), lambda);
    return tf.math.add(tf.math.mul(lambda, own), tf.math.mul(rest, other));
  }
}
