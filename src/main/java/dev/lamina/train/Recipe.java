package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.augment.BatchAugmentation;
import dev.lamina.data.Sampler;
import dev.lamina.data.Shuffled;
import dev.lamina.data.WeightedSampler;
import dev.lamina.graph.Precision;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.loss.Loss;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.optimizer.Optimizer;
import dev.lamina.optimizer.ParameterGroup;
import dev.lamina.schedule.OneCycle;
import dev.lamina.schedule.Schedule;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The configuration of training, as an immutable value. {@link Trainer.Builder}, the options of the
 * command {@code train} and the {@code config.json} of a run are views of it; every default is set
 * here.
 *
 * @param optimizer updates the weights; momentum 0.9 with weight decay 5e-4 by default
 * @param groups the parameters with a learning rate, weight decay or momentum of their own; none by
 *     default
 * @param schedule the learning rate (and momentum) of every step; 1cycle up to 0.01 by default
 * @param loss the loss to minimise; {@link CrossEntropy} by default
 * @param augmentations random changes of the training batches, in this order; none by default
 * @param sampler chooses the images of each epoch and their order; every image once, shuffled, by
 *     default
 * @param imageScales what the sides of the images are multiplied by before the network, in (0, 1],
 *     one number for each of as many equal parts of the epochs: {@code 0.5, 0.75, 1} trains a third
 *     of them with a quarter of the pixels; 1 by default
 * @param epochs the number of passes over the images; 100 by default
 * @param batchSize the number of images per step; 64 by default
 * @param accumulate the number of micro-batches that a batch is computed in, one after another, so
 *     that memory holds one of them only; 1 by default
 * @param dropLast whether the last batch of an epoch is left out if it is short; false by default
 * @param validationSplit the share of the training images that is set aside for validation, in [0,
 *     1); 0 by default
 * @param precision the number format of convolutions; empty, the default, lets the device decide
 * @param synchronizedBatchNorms whether every batch norm takes mean and variance of the whole batch
 *     if several workers or GPUs share it, as with {@link
 *     dev.lamina.layer.BatchNorm#synchronizedStatistics}; false by default
 * @param freeze full names of layers that are not trained, or prefixes of them; none by default
 * @param freezeEpochs the number of epochs before those of the run in which only the classifier is
 *     trained, with the layers before it frozen and images of their full size; 0 by default
 * @param bodyRate the factor of the learning rate of all layers before the classifier that are in
 *     none of the groups, not negative; 1 by default
 * @param balanceClasses whether the cross-entropy has the class weights of {@link
 *     dev.lamina.loss.ClassWeights#balanced} of the training images; false by default
 * @param callbacks what watches or steers every run of this recipe, told before the callbacks of
 *     {@link Trainer.Builder#callbacks}; none by default
 * @param seed the seed of the order of the images, augmentation and dropout; 0 by default
 */
public record Recipe(
    Optimizer optimizer,
    List<ParameterGroup> groups,
    Schedule schedule,
    Loss loss,
    List<BatchAugmentation> augmentations,
    Sampler sampler,
    List<Double> imageScales,
    int epochs,
    int batchSize,
    int accumulate,
    boolean dropLast,
    double validationSplit,
    Optional<Precision> precision,
    boolean synchronizedBatchNorms,
    List<String> freeze,
    int freezeEpochs,
    double bodyRate,
    boolean balanceClasses,
    List<Callback> callbacks,
    long seed) {
  /**
   * Checks the ranges of the numbers, and copies the lists. What they say about each other is
   * checked by {@link Trainer.Builder#build}.
   */
  public Recipe {
    checkArgument(epochs > 0, "epochs must be positive, got %s", epochs);
    checkArgument(batchSize > 0, "batchSize must be positive, got %s", batchSize);
    checkArgument(accumulate > 0, "accumulate must be positive, got %s", accumulate);
    checkArgument(
        validationSplit >= 0 && validationSplit < 1,
        "validationSplit must be in [0, 1), got %s",
        validationSplit);
    checkArgument(
        !imageScales.isEmpty() && imageScales.stream().allMatch(scale -> scale > 0 && scale <= 1),
        "imageScales must be numbers in (0, 1], got %s",
        imageScales);
    imageScales = List.copyOf(imageScales);
    groups = List.copyOf(groups);
    checkArgument(freezeEpochs >= 0, "freezeEpochs must not be negative, got %s", freezeEpochs);
    checkArgument(
        bodyRate >= 0 && Double.isFinite(bodyRate),
        "bodyRate must be finite and not negative, got %s",
        bodyRate);
    augmentations = List.copyOf(augmentations);
    freeze = List.copyOf(freeze);
    callbacks = List.copyOf(callbacks);
  }

  /**
   * Checks what the numbers say about each other, once all are set: then the order in which they
   * are set does not matter.
   */
  void check() {
    checkArgument(
        accumulate <= batchSize,
        "accumulate must be in [1, batchSize %s], got %s",
        batchSize,
        accumulate);
    checkArgument(
        imageScales.size() <= epochs,
        "imageScales must be at most as many as there are epochs, %s, got %s",
        epochs,
        imageScales);
  }

  /** Returns the flagship's recipe without augmentation. */
  public static Recipe create() {
    return new Values().recipe();
  }

  /** Returns this recipe with another optimizer. */
  public Recipe optimizer(Optimizer optimizer) {
    return with(values -> values.optimizer = optimizer);
  }

  /** Returns this recipe with other groups of parameters. */
  public Recipe groups(List<ParameterGroup> groups) {
    return with(values -> values.groups = groups);
  }

  /** Returns this recipe with another schedule. */
  public Recipe schedule(Schedule schedule) {
    return with(values -> values.schedule = schedule);
  }

  /** Returns this recipe with another loss. */
  public Recipe loss(Loss loss) {
    return with(values -> values.loss = loss);
  }

  /** Returns this recipe with other augmentations. */
  public Recipe augmentations(List<BatchAugmentation> augmentations) {
    return with(values -> values.augmentations = augmentations);
  }

  /** Returns this recipe with another way to choose the images of an epoch. */
  public Recipe sampler(Sampler sampler) {
    return with(values -> values.sampler = sampler);
  }

  /** Returns this recipe with other scales of the images in the course of training. */
  public Recipe imageScales(List<Double> imageScales) {
    return with(values -> values.imageScales = imageScales);
  }

  /** Returns what the sides of the images are multiplied by in an epoch, from 1. */
  double imageScale(int epoch) {
    return imageScales.get((int) ((epoch - 1L) * imageScales.size() / epochs));
  }

  /** Returns this recipe with another number of epochs. */
  public Recipe epochs(int epochs) {
    return with(values -> values.epochs = epochs);
  }

  /** Returns this recipe with another batch size. */
  public Recipe batchSize(int batchSize) {
    return with(values -> values.batchSize = batchSize);
  }

  /** Returns this recipe with another number of micro-batches of a batch. */
  public Recipe accumulate(int accumulate) {
    return with(values -> values.accumulate = accumulate);
  }

  /** Returns this recipe with or without the last short batch of an epoch. */
  public Recipe dropLast(boolean dropLast) {
    return with(values -> values.dropLast = dropLast);
  }

  /** Returns this recipe with another share of images for validation. */
  public Recipe validationSplit(double validationSplit) {
    return with(values -> values.validationSplit = validationSplit);
  }

  /** Returns this recipe with another precision. */
  public Recipe precision(Optional<Precision> precision) {
    return with(values -> values.precision = precision);
  }

  /** Returns this recipe with batch norms over the whole batch, or else as each layer says. */
  public Recipe synchronizedBatchNorms(boolean synchronizedBatchNorms) {
    return with(values -> values.synchronizedBatchNorms = synchronizedBatchNorms);
  }

  /** Returns this recipe with other layers that are not trained. */
  public Recipe freeze(List<String> freeze) {
    return with(values -> values.freeze = freeze);
  }

  /** Returns this recipe with another number of epochs in which only the classifier is trained. */
  public Recipe freezeEpochs(int freezeEpochs) {
    return with(values -> values.freezeEpochs = freezeEpochs);
  }

  /** Returns this recipe with another factor of the learning rate before the classifier. */
  public Recipe bodyRate(double bodyRate) {
    return with(values -> values.bodyRate = bodyRate);
  }

  /** Returns this recipe with or without class weights from the training images. */
  public Recipe balanceClasses(boolean balanceClasses) {
    return with(values -> values.balanceClasses = balanceClasses);
  }

  /** Returns whether class weights and the sampler both make all classes count equally. */
  public boolean balancesTwice() {
    return balanceClasses && sampler.equals(WeightedSampler.balanced());
  }

  /** Returns this recipe with other callbacks. */
  public Recipe callbacks(List<Callback> callbacks) {
    return with(values -> values.callbacks = callbacks);
  }

  /** Returns this recipe with another seed. */
  public Recipe seed(long seed) {
    return with(values -> values.seed = seed);
  }

  private Recipe with(Consumer<Values> change) {
    Values values = new Values(this);
    change.accept(values);
    return values.recipe();
  }

  /** The values of a recipe, to change one of them; the initial ones are the defaults. */
  private static final class Values {
    Optimizer optimizer = MomentumOptimizer.of(0.9).weightDecay(5e-4);
    List<ParameterGroup> groups = List.of();
    Schedule schedule = OneCycle.of(0.01);
    Loss loss = CrossEntropy.create();
    List<BatchAugmentation> augmentations = List.of();
    Sampler sampler = Shuffled.create();
    List<Double> imageScales = List.of(1.0);
    int epochs = 100;
    int batchSize = 64;
    int accumulate = 1;
    boolean dropLast;
    double validationSplit;
    Optional<Precision> precision = Optional.empty();
    boolean synchronizedBatchNorms;
    List<String> freeze = List.of();
    int freezeEpochs;
    double bodyRate = 1;
    boolean balanceClasses;
    List<Callback> callbacks = List.of();
    long seed;

    Values() {}

    Values(Recipe recipe) {
      optimizer = recipe.optimizer;
      groups = recipe.groups;
      schedule = recipe.schedule;
      loss = recipe.loss;
      augmentations = recipe.augmentations;
      sampler = recipe.sampler;
      imageScales = recipe.imageScales;
      epochs = recipe.epochs;
      batchSize = recipe.batchSize;
      accumulate = recipe.accumulate;
      dropLast = recipe.dropLast;
      validationSplit = recipe.validationSplit;
      precision = recipe.precision;
      synchronizedBatchNorms = recipe.synchronizedBatchNorms;
      freeze = recipe.freeze;
      freezeEpochs = recipe.freezeEpochs;
      bodyRate = recipe.bodyRate;
      balanceClasses = recipe.balanceClasses;
      callbacks = recipe.callbacks;
      seed = recipe.seed;
    }

    Recipe recipe() {
      return new Recipe(
          optimizer,
          groups,
          schedule,
          loss,
          augmentations,
          sampler,
          imageScales,
          epochs,
          batchSize,
          accumulate,
          dropLast,
          validationSplit,
          precision,
          synchronizedBatchNorms,
          freeze,
          freezeEpochs,
          bodyRate,
          balanceClasses,
          callbacks,
          seed);
    }
  }
}
