package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.augment.BatchAugmentation;
import dev.lamina.graph.Precision;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.loss.Loss;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.optimizer.Optimizer;
import dev.lamina.schedule.OneCycle;
import dev.lamina.schedule.Schedule;
import java.util.List;
import java.util.Optional;

/**
 * The configuration of training, as an immutable value. {@link Trainer.Builder}, the options of the
 * command {@code train} and the {@code config.json} of a run are views of it; every default is set
 * here, in {@link #create()}.
 *
 * @param optimizer updates the weights; momentum 0.9 with weight decay 5e-4 by default
 * @param schedule the learning rate (and momentum) of every step; 1cycle up to 0.01 by default
 * @param loss the loss to minimise; {@link CrossEntropy} by default
 * @param augmentations random changes of the training batches, in this order; none by default
 * @param epochs the number of passes over the images; 100 by default
 * @param batchSize the number of images per step; 64 by default
 * @param dropLast whether the last batch of an epoch is left out if it is short; false by default
 * @param validationSplit the share of the training images that is set aside for validation, in [0,
 *     1); 0 by default
 * @param precision the number format of convolutions; empty, the default, lets the device decide
 * @param freeze full names of layers that are not trained, or prefixes of them; none by default
 * @param seed the seed of the order of the images, augmentation and dropout; 0 by default
 */
public record Recipe(
    Optimizer optimizer,
    Schedule schedule,
    Loss loss,
    List<BatchAugmentation> augmentations,
    int epochs,
    int batchSize,
    boolean dropLast,
    double validationSplit,
    Optional<Precision> precision,
    List<String> freeze,
    long seed) {
  /** Checks the ranges of epochs, batchSize and validationSplit, and copies the lists. */
  public Recipe {
    checkArgument(epochs > 0, "epochs must be positive, got %s", epochs);
    checkArgument(batchSize > 0, "batchSize must be positive, got %s", batchSize);
    checkArgument(
        validationSplit >= 0 && validationSplit < 1,
        "validationSplit must be in [0, 1), got %s",
        validationSplit);
    augmentations = List.copyOf(augmentations);
    freeze = List.copyOf(freeze);
  }

  /** Returns the flagship's recipe without augmentation. */
  public static Recipe create() {
    return new Recipe(
        MomentumOptimizer.of(0.9).weightDecay(5e-4),
        OneCycle.of(0.01),
        CrossEntropy.create(),
        List.of(),
        100,
        64,
        false,
        0,
        Optional.empty(),
        List.of(),
        0);
  }

  /** Returns this recipe with another optimizer. */
  public Recipe optimizer(Optimizer optimizer) {
    return new Recipe(
        optimizer,
        schedule,
        loss,
        augmentations,
        epochs,
        batchSize,
        dropLast,
        validationSplit,
        precision,
        freeze,
        seed);
  }

  /** Returns this recipe with another schedule. */
  public Recipe schedule(Schedule schedule) {
    return new Recipe(
        optimizer,
        schedule,
        loss,
        augmentations,
        epochs,
        batchSize,
        dropLast,
        validationSplit,
        precision,
        freeze,
        seed);
  }

  /** Returns this recipe with another loss. */
  public Recipe loss(Loss loss) {
    return new Recipe(
        optimizer,
        schedule,
        loss,
        augmentations,
        epochs,
        batchSize,
        dropLast,
        validationSplit,
        precision,
        freeze,
        seed);
  }

  /** Returns this recipe with other augmentations. */
  public Recipe augmentations(List<BatchAugmentation> augmentations) {
    return new Recipe(
        optimizer,
        schedule,
        loss,
        augmentations,
        epochs,
        batchSize,
        dropLast,
        validationSplit,
        precision,
        freeze,
        seed);
  }

  /** Returns this recipe with another number of epochs. */
  public Recipe epochs(int epochs) {
    return new Recipe(
        optimizer,
        schedule,
        loss,
        augmentations,
        epochs,
        batchSize,
        dropLast,
        validationSplit,
        precision,
        freeze,
        seed);
  }

  /** Returns this recipe with another batch size. */
  public Recipe batchSize(int batchSize) {
    return new Recipe(
        optimizer,
        schedule,
        loss,
        augmentations,
        epochs,
        batchSize,
        dropLast,
        validationSplit,
        precision,
        freeze,
        seed);
  }

  /** Returns this recipe with or without the last short batch of an epoch. */
  public Recipe dropLast(boolean dropLast) {
    return new Recipe(
        optimizer,
        schedule,
        loss,
        augmentations,
        epochs,
        batchSize,
        dropLast,
        validationSplit,
        precision,
        freeze,
        seed);
  }

  /** Returns this recipe with another share of images for validation. */
  public Recipe validationSplit(double validationSplit) {
    return new Recipe(
        optimizer,
        schedule,
        loss,
        augmentations,
        epochs,
        batchSize,
        dropLast,
        validationSplit,
        precision,
        freeze,
        seed);
  }

  /** Returns this recipe with another precision. */
  public Recipe precision(Optional<Precision> precision) {
    return new Recipe(
        optimizer,
        schedule,
        loss,
        augmentations,
        epochs,
        batchSize,
        dropLast,
        validationSplit,
        precision,
        freeze,
        seed);
  }

  /** Returns this recipe with other layers that are not trained. */
  public Recipe freeze(List<String> freeze) {
    return new Recipe(
        optimizer,
        schedule,
        loss,
        augmentations,
        epochs,
        batchSize,
        dropLast,
        validationSplit,
        precision,
        freeze,
        seed);
  }

  /** Returns this recipe with another seed. */
  public Recipe seed(long seed) {
    return new Recipe(
        optimizer,
        schedule,
        loss,
        augmentations,
        epochs,
        batchSize,
        dropLast,
        validationSplit,
        precision,
        freeze,
        seed);
  }
}
