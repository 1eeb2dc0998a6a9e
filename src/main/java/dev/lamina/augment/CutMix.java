package dev.lamina.augment;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TNumber;

/**
 * Pastes a rectangle of another image, the partner, over each image of a batch and mixes the
 * targets by area. For images of height H and width W and a centre (y, x):
 *
 * <pre>
 * rows    from max(0, y - h) up to min(H, y + h), h = floor(H * sqrt(1 - lambda) / 2)
 * columns from max(0, x - w) up to min(W, x + w), w = floor(W * sqrt(1 - lambda) / 2)
 * share   = 1 - area of the rectangle / (H * W)
 * target  = share * target + (1 - share) * target of the partner
 * weight  = share * weight + (1 - share) * weight of the partner
 * </pre>
 *
 * <p>Lambda is drawn from Beta(alpha, alpha), and the centre from all pixels; both once for the
 * batch, as in the authors' code and in torchvision's {@code v2.CutMix}. The share is that of the
 * rectangle inside the image, which is larger than lambda where the rectangle is cut off at the
 * border. The partner of an example is the one before it, that of the first the last, as in {@link
 * MixUp}; a batch of one example stays as it is.
 *
 * <p>Pixels are copied, not blended. Targets and weights are mixed in float32.
 *
 * <p>Source: Yun et al., <a href="https://arxiv.org/abs/1905.04899">CutMix: Regularization Strategy
 * to Train Strong Classifiers with Localizable Features</a>, 2019.
 *
 * @param alpha the parameter of the Beta distribution, positive; 1 (lambda is uniform) in the paper
 * @param probability how often a batch is mixed, in (0, 1]; 1 by default, 0.5 in the paper's
 *     experiments with CIFAR
 */
public record CutMix(double alpha, double probability) implements BatchAugmentation {

  /**
   * What is pasted where.
   *
   * @param lambda float32, a scalar: the share of each image that is kept, before the rectangle is
   *     cut off at the border; 0 to 1
   * @param row int32, a scalar: the row of the centre, 0 to height - 1
   * @param column int32, a scalar: the column of the centre, 0 to width - 1
   * @param partner int32 [batch], the index of the image that each rectangle comes from
   */
  public record Cut(
      Operand<TFloat32> lambda,
      Operand<TInt32> row,
      Operand<TInt32> column,
      Operand<TInt32> partner) {}

  /**
   * Creates a CutMix.
   *
   * @throws IllegalArgumentException if {@code alpha} is not positive and finite, or {@code
   *     probability} not in (0, 1]
   */
  public CutMix {
    checkArgument(
        alpha > 0 && Double.isFinite(alpha), "alpha must be positive and finite, got %s", alpha);
    checkArgument(
        probability > 0 && probability <= 1, "probability must be in (0, 1], got %s", probability);
  }

  /** Returns the CutMix of every batch, with lambda drawn from Beta(alpha, alpha). */
  public static CutMix of(double alpha) {
    return new CutMix(alpha, 1);
  }

  /** Returns this CutMix with another probability that a batch is mixed, in (0, 1]. */
  public CutMix probability(double probability) {
    return new CutMix(alpha, probability);
  }

  @Override
  public Batch apply(Ops tf, Batch batch, Operand<TInt64> seed) {
    ImageShape shape = ImageShape.of(batch.images());
    Operand<TInt32> count = ImageShape.batch(tf, batch.images());
    return mix(tf, batch, draw(tf, count, shape.height(), shape.width(), seed));
  }

  /**
   * Draws what to paste where. Lambda is 1 for a batch that is not mixed.
   *
   * @param batch the number of images, a scalar
   * @param height rows of an image
   * @param width columns of an image
   * @param seed int64 [2]
   */
  public Cut draw(Ops tf, Operand<TInt32> batch, int height, int width, Operand<TInt64> seed) {
    List<Operand<TInt64>> seeds = RandomOps.split(tf, seed, 4);
    Operand<TInt32> one = tf.constant(1);
    Operand<TFloat32> unit = scalar(tf, RandomOps.floats(tf, one, 0, 1, seeds.get(3)));
    Operand<TBool> mixed = tf.math.less(unit, tf.constant((float) probability));
    return new Cut(
        tf.select(mixed, RandomOps.beta(tf, alpha, seeds.get(0)), tf.constant(1f)),
        scalar(tf, RandomOps.ints(tf, one, 0, height - 1, seeds.get(1))),
        scalar(tf, RandomOps.ints(tf, one, 0, width - 1, seeds.get(2))),
        MixUp.previous(tf, batch));
  }

  private static <T extends TNumber> Operand<T> scalar(Ops tf, Operand<T> vector) {
    return tf.reshape(vector, tf.constant(new int[0]));
  }

  /**
   * Mixes a batch as given.
   *
   * @return a batch of the same shapes
   */
  public Batch mix(Ops tf, Batch batch, Cut cut) {
    ImageShape shape = ImageShape.of(batch.images());
    Operand<TFloat32> side = tf.math.sqrt(tf.math.sub(tf.constant(1f), cut.lambda()));
    Operand<TBool> rows = covered(tf, cut.row(), side, shape.height());
    Operand<TBool> columns = covered(tf, cut.column(), side, shape.width());
    Operand<TBool> rectangle =
        tf.math.logicalAnd(
            tf.reshape(rows, tf.constant(new int[] {1, shape.height(), 1, 1})),
            tf.reshape(columns, tf.constant(new int[] {1, 1, shape.width(), 1})));
    Operand<TUint8> others = tf.gather(batch.images(), cut.partner(), tf.constant(0));
    Operand<TFloat32> area = tf.math.mul(count(tf, rows), count(tf, columns));
    Operand<TFloat32> size = tf.constant((float) shape.height() * shape.width());
    Operand<TFloat32> share = tf.math.div(tf.math.sub(size, area), size);
    return batch
        .withImages(tf.select(rectangle, others, batch.images()))
        .withTargets(MixUp.withPartner(tf, batch.targets(), share, cut.partner()))
        .withWeights(MixUp.withPartner(tf, batch.weights(), share, cut.partner()));
  }

  /** Returns which of {@code size} rows or columns are pasted: bool [size]. */
  private static Operand<TBool> covered(
      Ops tf, Operand<TInt32> centre, Operand<TFloat32> side, int size) {
    Operand<TInt32> half =
        tf.dtypes.cast(tf.math.floor(tf.math.mul(side, tf.constant(size / 2f))), TInt32.class);
    Operand<TInt32> index = tf.range(tf.constant(0), tf.constant(size), tf.constant(1));
    return tf.math.logicalAnd(
        tf.math.greaterEqual(index, tf.math.sub(centre, half)),
        tf.math.less(index, tf.math.add(centre, half)));
  }

  /** Returns how many are true: float32, a scalar. */
  private static Operand<TFloat32> count(Ops tf, Operand<TBool> flags) {
    return tf.reduceSum(tf.dtypes.cast(flags, TFloat32.class), tf.constant(0));
  }
}
