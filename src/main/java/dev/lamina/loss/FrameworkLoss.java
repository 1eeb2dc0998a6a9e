package dev.lamina.loss;

import static com.google.common.base.Preconditions.checkArgument;

import org.tensorflow.Operand;
import org.tensorflow.framework.losses.Reduction;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * A loss of TensorFlow Java's framework library ({@code org.tensorflow.framework.losses}) as a
 * {@link Loss}. It must be created with {@link Reduction#NONE}, as the training step averages over
 * the batch itself:
 *
 * <pre>{@code
 * Loss huber = FrameworkLoss.ofProbabilities(new Huber(Reduction.NONE));
 * Loss smoothed = FrameworkLoss.ofLogits(new CategoricalCrossentropy(true, 0.1f, Reduction.NONE));
 * }</pre>
 *
 * <p>Networks give logits. A loss whose predictions are probabilities, such as {@code KLDivergence}
 * or {@code MeanSquaredError}, is made by {@link #ofProbabilities}; one that takes logits, such as
 * {@code CategoricalCrossentropy} with {@code fromLogits} or {@code CategoricalHinge}, by {@link
 * #ofLogits}.
 *
 * <p>{@code SparseCategoricalCrossentropy} does not fit: it takes class numbers, not targets. The
 * options of a framework loss are not part of its text, so {@code Trainer.resume} notices a loss of
 * another class but not other options.
 *
 * @param loss the framework's loss, with {@link Reduction#NONE}
 * @param softmax whether predictions are the softmax of the outputs, else the outputs themselves
 */
public record FrameworkLoss(org.tensorflow.framework.losses.Loss loss, boolean softmax)
    implements Loss {
  /** Returns the loss of the targets and the outputs as they are. */
  public static FrameworkLoss ofLogits(org.tensorflow.framework.losses.Loss loss) {
    return new FrameworkLoss(loss, false);
  }

  /** Returns the loss of the targets and the softmax of the outputs. */
  public static FrameworkLoss ofProbabilities(org.tensorflow.framework.losses.Loss loss) {
    return new FrameworkLoss(loss, true);
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if the loss reduces the batch, or gives something else than
   *     one number for each example
   */
  @Override
  public Operand<TFloat32> apply(Ops tf, Operand<TFloat32> outputs, Operand<TFloat32> targets) {
    Operand<TFloat32> losses =
        loss.call(tf, targets, softmax ? tf.nn.softmax(outputs) : outputs, null);
    checkArgument(
        losses.shape().numDimensions() == 1,
        "%s must give one number for each example, got shape %s; create it with Reduction.NONE",
        loss.getClass().getSimpleName(),
        losses.shape());
    return losses;
  }
}
